#include "wire/machine_headers.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <fstream>

namespace hoop {
namespace {

// Header values are printable ASCII; a kernel's version may hold anything.
std::string Printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text;
}

std::string Architecture(const std::string& machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return machine;
}

}  // namespace

void AddMachineHeaders(Metadata& metadata, const std::string& version) {
  utsname name = {};
  ::uname(&name);
  std::string machine_id;
  std::ifstream file("/sys/class/dmi/id/product_uuid");  // readable by root only, as a rule
  std::getline(file, machine_id);
  metadata.Add(std::string(header::kVersion), Printable(version));
  metadata.Add(std::string(header::kHostname), Printable(name.nodename));
  metadata.Add(std::string(header::kPlatform), Printable("linux/" + Architecture(name.machine)));
  metadata.Add(std::string(header::kMachineId), Printable(machine_id));
  metadata.Add(std::string(header::kKernelVersion),
               Printable(fmt::format("{} {} {} {}", name.sysname, name.release, name.version, name.machine)));
}

}  // namespace hoop
