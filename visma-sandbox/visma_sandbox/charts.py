"""Charts of accounts, VAT and currencies of the countries, as data.

The numbers follow the countries' usual charts (NS 4102, BAS, the Danish and Finnish habit) closely
enough to look right; the selection is the sandbox's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

AccountType: TypeAlias = Literal["Asset", "Liability", "Income", "Expense"]
_TYPES: Final[dict[str, AccountType]] = {
    "A": "Asset",
    "L": "Liability",
    "I": "Income",
    "E": "Expense",
}


@dataclass(frozen=True, slots=True)
class Account:
    """A general ledger account; the class is `BANK`, `AR`, `AP`, ... as on the real service."""

    internal_id: int
    number: str
    name: str
    type: AccountType
    account_class: str


@dataclass(frozen=True, slots=True)
class Vat:
    """A VAT code; the rate is in thousandths, 250 being 25 %."""

    code: str
    name: str
    rate: int


@dataclass(frozen=True, kw_only=True)
class Country:
    """What the books of a country need."""

    code: str
    name: str
    currency: str
    company_form: str
    cities: tuple[tuple[str, str], ...]
    vats: tuple[Vat, ...]
    accounts: tuple[Account, ...]
    """Each role's account has the role as its class, so a posting looks it up by role."""

    def account(self, account_class: str) -> Account:
        """Give the first account of a class."""
        return next(each for each in self.accounts if each.account_class == account_class)

    def accounts_of(self, account_class: str) -> tuple[Account, ...]:
        """Give all accounts of a class."""
        return tuple(each for each in self.accounts if each.account_class == account_class)


NOK_VALUE: Final = {"NOK": 1.0, "SEK": 1.02, "DKK": 1.534, "EUR": 11.4523, "USD": 10.5518}
CURRENCIES: Final = {
    "NOK": "Norske kroner",
    "SEK": "Svenske kroner",
    "DKK": "Danske kroner",
    "EUR": "Euro",
    "USD": "Amerikanske dollar",
}
FOREIGN: Final = ("EUR", "USD")


def _accounts(chart: str) -> tuple[Account, ...]:
    rows = [line.split("|") for line in chart.strip().splitlines()]
    return tuple(
        Account(1200 + 3 * n, number.strip(), name.strip(), _TYPES[kind.strip()], group.strip())
        for n, (number, kind, group, name) in enumerate(rows)
    )


_NORWAY: Final = """
1220|A|FIXED|Maskiner og anlegg
1280|A|FIXED|Kontormaskiner
1400|A|TRANSIT|Varer på vei, ikke fakturert
1460|A|INVENTORY|Varelager
1500|A|AR|Kundefordringer
1700|A|PREPAID|Forskuddsbetalte kostnader
1900|A|CASH|Kontanter
1920|A|BANK|Bankinnskudd
1950|A|TAXBANK|Skattetrekkskonto
2000|L|EQUITY|Aksjekapital
2050|L|RETAINED|Annen egenkapital
2380|L|LOAN|Kassekreditt
2400|L|AP|Leverandørgjeld
2600|L|TAX|Skattetrekk
2700|L|VATOUT|Utgående merverdiavgift
2710|L|VATIN|Inngående merverdiavgift
2930|L|WAGES|Skyldig lønn
2960|L|ACCRUAL|Påløpte kostnader
3000|I|SALES|Salgsinntekt, avgiftspliktig
3020|I|SALES|Salgsinntekt, tjenester
3100|I|SALES|Salgsinntekt, avgiftsfri
3900|I|OTHERINC|Annen driftsinntekt
4000|E|COGS|Innkjøp av råvarer
4300|E|EXPENSE|Innkjøp av varer for videresalg
4500|E|EXPENSE|Fremmedytelse og underentreprise
5000|E|PAYROLL|Lønn til ansatte
5400|E|PAYROLLTAX|Arbeidsgiveravgift
6300|E|EXPENSE|Leie lokale
6340|E|EXPENSE|Lys, varme
6540|E|EXPENSE|Inventar
6700|E|EXPENSE|Revisjons- og regnskapshonorar
6800|E|EXPENSE|Kontorrekvisita
6900|E|EXPENSE|Telefon
7140|E|EXPENSE|Reisekostnad
7320|E|EXPENSE|Reklamekostnad
7770|E|FEE|Bank- og kortgebyr
7790|E|ROUNDING|Øreavrunding
8060|I|FXGAIN|Valutagevinst (agio)
8160|E|FXLOSS|Valutatap (disagio)
1290|A|ACCDEP|Akkumulerte avskrivninger
6010|E|DEPR|Avskrivning på driftsmidler
"""
_SWEDEN: Final = """
1220|A|FIXED|Inventarier och verktyg
1250|A|FIXED|Datorer
1400|A|TRANSIT|Varor på väg, ej fakturerade
1460|A|INVENTORY|Lager av handelsvaror
1510|A|AR|Kundfordringar
1710|A|PREPAID|Förutbetalda kostnader
1910|A|CASH|Kassa
1930|A|BANK|Företagskonto
1940|A|TAXBANK|Skattekonto
2081|L|EQUITY|Aktiekapital
2091|L|RETAINED|Balanserad vinst
2330|L|LOAN|Checkräkningskredit
2440|L|AP|Leverantörsskulder
2611|L|VATOUT|Utgående moms
2641|L|VATIN|Ingående moms
2710|L|TAX|Personalskatt
2821|L|WAGES|Löneskulder
2990|L|ACCRUAL|Upplupna kostnader
3001|I|SALES|Försäljning inom Sverige
3041|I|SALES|Försäljning av tjänster
3105|I|SALES|Försäljning av varor till export
3990|I|OTHERINC|Övriga intäkter
4000|E|COGS|Inköp av råvaror
4010|E|EXPENSE|Inköp av handelsvaror
4600|E|EXPENSE|Legoarbeten
5010|E|EXPENSE|Lokalhyra
5020|E|EXPENSE|El för belysning och värme
5410|E|EXPENSE|Förbrukningsinventarier
5800|E|EXPENSE|Resekostnader
5900|E|EXPENSE|Reklam och PR
6110|E|EXPENSE|Kontorsmateriel
6211|E|EXPENSE|Telefon
6530|E|EXPENSE|Redovisningstjänster
6570|E|FEE|Bankkostnader
7010|E|PAYROLL|Löner
7510|E|PAYROLLTAX|Arbetsgivaravgifter
3740|E|ROUNDING|Öresavrundning
3960|I|FXGAIN|Valutakursvinster
7960|E|FXLOSS|Valutakursförluster
1229|A|ACCDEP|Ackumulerade avskrivningar
7832|E|DEPR|Avskrivningar på inventarier
"""
_DENMARK: Final = """
1010|I|SALES|Salg af varer
1020|I|SALES|Salg af ydelser
1050|I|SALES|Salg til udlandet
1090|I|OTHERINC|Øvrige indtægter
1310|E|COGS|Råvareforbrug
1320|E|EXPENSE|Varekøb
1350|E|EXPENSE|Fremmed arbejde
2210|E|PAYROLL|Lønninger
2240|E|PAYROLLTAX|Sociale bidrag
2750|E|EXPENSE|Rejseomkostninger
2800|E|EXPENSE|Annoncer og reklame
3410|E|EXPENSE|Husleje
3430|E|EXPENSE|El, vand og varme
3600|E|EXPENSE|Kontorartikler
3620|E|EXPENSE|Telefon og internet
3640|E|EXPENSE|Revisor
3660|E|EXPENSE|Småanskaffelser
3680|E|FEE|Bankgebyrer
3690|E|ROUNDING|Øreafrunding
4310|I|FXGAIN|Kursgevinster
4410|E|FXLOSS|Kurstab
5110|A|FIXED|Driftsmidler
5510|A|INVENTORY|Varelager
5520|A|TRANSIT|Varer modtaget, ikke faktureret
5600|A|AR|Varedebitorer
5680|A|PREPAID|Forudbetalte omkostninger
5810|A|CASH|Kasse
5820|A|BANK|Bankkonto
5830|A|TAXBANK|Skattekonto
6110|L|EQUITY|Selskabskapital
6130|L|RETAINED|Overført resultat
6710|L|LOAN|Kassekredit
6800|L|AP|Varekreditorer
6880|L|ACCRUAL|Skyldige omkostninger
6902|L|VATOUT|Salgsmoms
6903|L|VATIN|Købsmoms
6920|L|TAX|Skyldig A-skat
6930|L|WAGES|Skyldig løn
5120|A|ACCDEP|Akkumulerede afskrivninger
3810|E|DEPR|Afskrivninger på driftsmidler
"""
_FINLAND: Final = """
1160|A|FIXED|Koneet ja kalusto
1510|A|INVENTORY|Aineet ja tarvikkeet
1530|A|TRANSIT|Matkalla olevat tavarat
1701|A|AR|Myyntisaamiset
1820|A|PREPAID|Siirtosaamiset
1900|A|CASH|Kassa
1910|A|BANK|Pankkitili
1920|A|TAXBANK|Verotili
2000|L|EQUITY|Osakepääoma
2250|L|RETAINED|Edellisten tilikausien voitto
2610|L|LOAN|Luotollinen tili
2870|L|AP|Ostovelat
2920|L|TAX|Ennakonpidätysvelka
2939|L|VATOUT|Arvonlisävero myynnistä
2940|L|VATIN|Arvonlisävero ostoista
2960|L|WAGES|Palkkavelat
2980|L|ACCRUAL|Siirtovelat
3000|I|SALES|Myynti
3100|I|SALES|Palvelujen myynti
3360|I|SALES|Vientimyynti
3980|I|OTHERINC|Muut tuotot
4000|E|COGS|Aineostot
4010|E|EXPENSE|Tavaraostot
4450|E|EXPENSE|Alihankinta
5000|E|PAYROLL|Palkat
6300|E|PAYROLLTAX|Sosiaalikulut
7230|E|EXPENSE|Vuokrat
7330|E|EXPENSE|Sähkö ja lämpö
7600|E|EXPENSE|Atk-laitteet
7800|E|EXPENSE|Matkakulut
8050|E|EXPENSE|Mainoskulut
8380|E|EXPENSE|Taloushallintopalvelut
8500|E|EXPENSE|Puhelinkulut
8600|E|EXPENSE|Toimistotarvikkeet
8690|E|FEE|Pankkikulut
8695|E|ROUNDING|Pyöristyserot
9240|I|FXGAIN|Kurssivoitot
9540|E|FXLOSS|Kurssitappiot
1169|A|ACCDEP|Kertyneet poistot
6850|E|DEPR|Poistot koneista ja kalustosta
"""

COUNTRIES: Final[dict[str, Country]] = {
    each.code: each
    for each in (
        Country(
            code="NO",
            name="Norway",
            currency="NOK",
            company_form="AS",
            cities=(
                ("0150", "Oslo"),
                ("5003", "Bergen"),
                ("7010", "Trondheim"),
                ("9008", "Tromsø"),
            ),
            vats=(
                Vat("3", "Utgående/inngående 25 %", 250),
                Vat("31", "Middels sats", 150),
                Vat("0", "Fritatt", 0),
            ),
            accounts=_accounts(_NORWAY),
        ),
        Country(
            code="SE",
            name="Sweden",
            currency="SEK",
            company_form="AB",
            cities=(
                ("111 20", "Stockholm"),
                ("411 03", "Göteborg"),
                ("211 22", "Malmö"),
                ("972 38", "Luleå"),
            ),
            vats=(
                Vat("25", "Moms 25 %", 250),
                Vat("12", "Moms 12 %", 120),
                Vat("00", "Momsfri", 0),
            ),
            accounts=_accounts(_SWEDEN),
        ),
        Country(
            code="DK",
            name="Denmark",
            currency="DKK",
            company_form="A/S",
            cities=(
                ("1050", "København K"),
                ("8000", "Aarhus C"),
                ("5000", "Odense C"),
                ("9000", "Aalborg"),
            ),
            vats=(
                Vat("S25", "Moms 25 %", 250),
                Vat("S25R", "Moms 25 %, reduceret fradrag", 250),
                Vat("U0", "Momsfri", 0),
            ),
            accounts=_accounts(_DENMARK),
        ),
        Country(
            code="FI",
            name="Finland",
            currency="EUR",
            company_form="Oy",
            cities=(
                ("00100", "Helsinki"),
                ("20100", "Turku"),
                ("33100", "Tampere"),
                ("90100", "Oulu"),
            ),
            vats=(
                Vat("255", "ALV 25,5 %", 255),
                Vat("14", "ALV 14 %", 140),
                Vat("0", "Veroton", 0),
            ),
            accounts=_accounts(_FINLAND),
        ),
    )
}
