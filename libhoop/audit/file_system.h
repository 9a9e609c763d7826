// The few things the journal asks of a disk, so that a test can hold a sync or fail a write.
// Used by audit/ only; the real one is PosixFileSystem.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hoop {

// An open file. Write and Read: one thread each at a time, Sync beside them. Closed by the destructor.
class File {
 public:
  virtual ~File() = default;
  // All of `bytes` at `offset`, or an error and an unknown part of them. ResourceExhausted: no space.
  virtual absl::Status Write(uint64_t offset, std::string_view bytes) = 0;
  // Up to `size` bytes instead of what `bytes` holds, whose memory is used again; fewer only at the end of the file.
  virtual absl::Status Read(uint64_t offset, size_t size, std::string& bytes) = 0;
  // Returns when everything written before is on stable storage. After an error nothing is known of it, for ever.
  virtual absl::Status Sync() = 0;
  // Takes disk space for `size` bytes. ResourceExhausted: there is none.
  virtual absl::Status Reserve(uint64_t size) = 0;
  virtual absl::StatusOr<uint64_t> Size() = 0;
};

// Holds a lock until destroyed; the kernel drops it when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// Owned by whoever builds the journal, outlives it. Any thread.
class FileSystem {
 public:
  enum class OpenMode { kCreate, kExisting };  // kCreate: must not be there yet, 0600

  virtual ~FileSystem() = default;
  virtual absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) = 0;
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;  // both in one folder
  virtual absl::Status Remove(const std::string& path) = 0;
  virtual absl::Status MakeFolder(const std::string& path) = 0;  // 0700, with its parents; fine when it is there
  virtual absl::Status SyncFolder(const std::string& path) = 0;  // makes names in it durable
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& folder) = 0;  // names, sorted
  // FailedPrecondition: another process, or this one, holds it.
  virtual absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
};

}  // namespace hoop
