// `hoop login` and `hoop config`: their arguments.
#include "command_tree.h"

namespace hoop::cli {
namespace {

void AddTlsCa(CLI::App& command, std::string& tls_ca) {
  command
      .add_option("--tls-ca", tls_ca,
                  "Whom to trust instead of the machine's authorities, kept in the file: a PEM file, file://PATH, "
                  "base64://... or the PEM text")
      ->type_name("FILE");
}

void AddLogin(CommandTree& tree) {
  auto options = std::make_shared<LoginOptions>();
  CLI::App& command = tree.Add(tree.root(), "login", "Sign in and pin the gateway's audit key", options, RunLogin);
  command.add_option("--api-url", options->api_url, "Address of the API (default: as configured, or asked for)");
  command.add_option("--grpc-url", options->grpc_url, "Address of the gateway (default: as the API says)");
  command.add_option("--email", options->email, "Account (default: asked for)");
  command.add_flag("--password-stdin", options->password_stdin, "Read the password from standard input, for scripts");
  command.add_option("--setup-token", options->setup_token,
                     "Make the first account of a new gateway, which prints this; also file://PATH");
  command.add_option("--api-key", options->api_key,
                     "Sign in with this key (hpk_... or file://PATH) instead of an account");
  AddTlsCa(command, options->tls_ca);
  command.add_flag("--no-browser", options->no_browser,
                   "Print the address to sign in at; e-mail and password need none");
  command.add_flag("--accept-audit-key", options->accept_audit_key, "Pin a key that changed");
  CommandTree::AddExamples(command,
                           "  hoop login --api-url http://127.0.0.1:8009\n"
                           "  hoop login --email me@example.com --password-stdin < password.txt\n"
                           "  hoop login --api-url https://gateway.example.com --setup-token 4f1c...");
}

void AddConfig(CommandTree& tree) {
  CLI::App& group = tree.AddGroup(tree.root(), "config", "The configuration file");
  auto create = std::make_shared<ConfigCreateOptions>();
  CLI::App& create_command =
      tree.Add(group, "create", "Write it; the token comes from HOOP_TOKEN", create, RunConfigCreate);
  create_command.add_option("--api-url", create->api_url, "Address of the API")->required();
  create_command.add_option("--grpc-url", create->grpc_url, "Address of the gateway");
  create_command.add_option("--api-key", create->api_key, "A key (hpk_...) instead of the token in HOOP_TOKEN");
  AddTlsCa(create_command, create->tls_ca);
  CommandTree::AddExamples(create_command,
                           "  hoop config create --api-url http://127.0.0.1:8009 --grpc-url grpc://127.0.0.1:8010");
  auto view = std::make_shared<ConfigViewOptions>();
  CLI::App& view_command = tree.Add(group, "view", "Show it, without the token", view, RunConfigView);
  view_command.add_option("key", view->key, "One value alone: api_url, grpc_url, token, audit_key ...");
  view_command.add_flag("--raw", view->raw, "With the token");
  tree.AddJson(view_command, view->json);
  tree.AddPlain(group, "clear", "Remove it", [&tree] { return RunConfigClear(tree.environment()); });
  tree.AddPlain(group, "path", "Where it is", [&tree] { return RunConfigPath(tree.environment()); });
}

void AddPassword(CommandTree& tree) {
  auto options = std::make_shared<PasswordOptions>();
  CLI::App& command = tree.Add(tree.root(), "password", "Change your own password", options, RunPassword);
  command.add_flag("--password-stdin", options->password_stdin,
                   "Two lines of standard input: the old one, the new one");
  CommandTree::AddExamples(command, "  hoop password");
}

}  // namespace

void AddConfigCommands(CommandTree& tree) {
  AddLogin(tree);
  AddPassword(tree);
  AddConfig(tree);
}

}  // namespace hoop::cli
