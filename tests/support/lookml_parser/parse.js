// Parses the LookML project in a folder, follows its includes, and prints what each model holds.
// Arguments: the folder of the installed packages, and the folder of the project.
const path = require("path");
const [packages, folder] = process.argv.slice(2);
const parser = require(path.join(packages, "lookml-parser"));

parser.parseFiles({ source: "**/*.{lkml,lookml}", cwd: folder }).then((project) => {
  const models = {};
  for (const [name, model] of Object.entries(project.model || {})) {
    models[name] = {
      views: model.view,
      explores: Object.keys(model.explore || {}),
      dashboards: Object.keys(model.dashboard || {}),
    };
  }
  const errors = (project.errors || []).map((file) => file.$file_path);
  console.log(JSON.stringify({ errors, models }));
});
