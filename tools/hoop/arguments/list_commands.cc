// `hoop list`: its arguments.
#include "command_tree.h"

namespace hoop::cli {

void AddListCommands(CommandTree& tree) {
  auto json = std::make_shared<bool>(false);
  CLI::App& list = tree.AddPlain(tree.root(), "list", "The connections that you may use",
                                 [&tree, json] { return RunListConnections(tree.environment(), *json); });
  list.alias("ls");
  tree.AddJson(list, *json);
}

}  // namespace hoop::cli
