"""Credentials sealed with age: safe to commit, opened in memory, given to one command."""
