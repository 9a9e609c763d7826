#include "agent/warden/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "net/descriptor.h"

namespace hoop {
namespace {

// The parent of the process whose folder in /proc is `name`; 0 when it has ended meanwhile.
pid_t ParentOf(int proc, const char* name) {
  const Descriptor file(::openat(proc, (std::string(name) + "/stat").c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return 0;
  char bytes[512];
  const ssize_t count = ::read(file.get(), bytes, sizeof(bytes));
  if (count <= 0) return 0;
  // pid (name) state ppid ...; the name may hold anything, also ')'.
  const std::string_view text(bytes, static_cast<size_t>(count));
  const size_t end = text.rfind(')');
  if (end == std::string_view::npos || end + 4 >= text.size()) return 0;
  return static_cast<pid_t>(std::strtol(std::string(text.substr(end + 4, 12)).c_str(), nullptr, 10));
}

std::multimap<pid_t, pid_t> ChildrenByParent() {
  std::multimap<pid_t, pid_t> result;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
  if (proc == nullptr) return result;
  while (const dirent* entry = ::readdir(proc.get())) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    const pid_t parent = ParentOf(::dirfd(proc.get()), entry->d_name);
    if (parent > 0) result.emplace(parent, static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10)));
  }
  return result;
}

void AppendChildren(const std::multimap<pid_t, pid_t>& children, pid_t parent, std::vector<pid_t>& out) {
  const auto [begin, end] = children.equal_range(parent);
  for (auto child = begin; child != end; ++child) out.push_back(child->second);
}

}  // namespace

std::vector<pid_t> Children(pid_t root) {
  std::vector<pid_t> result;
  AppendChildren(ChildrenByParent(), root, result);
  return result;
}

std::vector<pid_t> Descendants(pid_t root) {
  const std::multimap<pid_t, pid_t> children = ChildrenByParent();
  std::vector<pid_t> result;
  AppendChildren(children, root, result);
  for (size_t i = 0; i < result.size(); ++i) AppendChildren(children, result[i], result);
  return result;
}

}  // namespace hoop
