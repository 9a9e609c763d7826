// hoop-floods: attacks a running gateway beside a healthy session, and says what each attack cost.
// Usage: hoop-floods --grpc PORT --http PORT --pid ID [--neighbour PORT] [--agent-keys KEY,...]
//   [--user-tokens TOKEN,... --connection NAME] [--seconds S] [--rounds N] [--only PART,...] [--skip PART,...]
//   [--apart] [--tls] [--list]. Everything is on 127.0.0.1.
// A line per attack; exit code 1 when a promise of docs/floods.md is broken. Times are printed, never judged. With
// rounds, what a flood costs the neighbour is measured so often, each time against what it was alone for as long
// just before; attackers come again at once then, until the time is over. Each attack has the next one of the keys or
// tokens: who was cut is not let in again at once.
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/floods/attack.h"
#include "tests/floods/http2_peer.h"
#include "tests/floods/neighbour.h"
#include "tests/floods/process_watch.h"
#include "tests/floods/tls_peer.h"

namespace hoop::floods {
namespace {

constexpr size_t kMemoryKibMax = 8 * 1024;  // above what the gateway had before, at the peak and at the end
constexpr Seconds kTimeToGiveBack(30);      // the gateway needs some 15 s
constexpr Seconds kTimeToBeMuch(3);

struct Options {
  Target target;
  pid_t process = 0;
  uint16_t neighbour_port = 0;
  std::vector<std::string> agent_keys, user_tokens;
  std::vector<std::string> only, skip;
  int rounds = 1;
  bool list = false;
  bool apart = false;
  bool tls = false;  // the listeners speak it: only what is an attack on that
};

// One attack by one attacker.
struct Run {
  const Attack* attack;
  Who who;
  std::string name() const { return std::string(attack->name) + " (" + std::string(NameOf(who)) + ")"; }
};

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

Options Read(int argc, char** argv) {
  Options options;
  const auto fail = [](const char* word) {
    std::fprintf(stderr, "hoop-floods: %s: see the head of tests/floods/main.cc\n", word);
    std::exit(2);
  };
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--list" || word == "--apart" || word == "--tls") {
      (word == "--list" ? options.list : word == "--tls" ? options.tls : options.apart) = true;
      continue;
    }
    if (i + 1 == argc) fail(argv[i]);
    const std::string value = argv[++i];
    if (word == "--grpc") {
      options.target.grpc_port = static_cast<uint16_t>(std::stoul(value));
    } else if (word == "--http") {
      options.target.http_port = static_cast<uint16_t>(std::stoul(value));
    } else if (word == "--pid") {
      options.process = std::stoi(value);
    } else if (word == "--neighbour") {
      options.neighbour_port = static_cast<uint16_t>(std::stoul(value));
    } else if (word == "--agent-keys") {
      options.agent_keys = Split(value);
    } else if (word == "--user-tokens") {
      options.user_tokens = Split(value);
    } else if (word == "--connection") {
      options.target.connection = value;
    } else if (word == "--seconds") {
      options.target.time = Seconds(std::stod(value));
    } else if (word == "--rounds") {
      options.rounds = std::stoi(value);
    } else if (word == "--only") {
      options.only = Split(value);
    } else if (word == "--skip") {
      options.skip = Split(value);
    } else {
      fail(argv[i - 1]);
    }
  }
  return options;
}

bool Names(const std::vector<std::string>& parts, const std::string& name) {
  return std::any_of(parts.begin(), parts.end(), [&](const auto& part) { return name.find(part) != name.npos; });
}

std::vector<Run> Choose(const Options& options) {
  std::vector<Run> runs;
  std::vector<const std::vector<Attack>*> tables = {&Http2Attacks(), &HeaderAttacks(), &GrpcAttacks(), &HttpAttacks(),
                                                    &CrowdAttacks()};
  if (options.tls) tables.clear();
  if (options.tls || options.list) tables.push_back(&TlsAttacks());
  for (const auto* table : tables) {
    for (const Attack& attack : *table) {
      for (const Who who : attack.by) {
        const Run run{&attack, who};
        if (!options.only.empty() && !Names(options.only, run.name())) continue;
        if (Names(options.skip, run.name())) continue;
        if (who == Who::kAgent && options.agent_keys.empty() && !options.list) continue;
        if (who == Who::kUser && options.user_tokens.empty() && !options.list) continue;
        runs.push_back(run);
      }
    }
  }
  return runs;
}

bool AsItMust(const Run& run, const Outcome& outcome) {
  if (outcome.kind == Outcome::Kind::kFailed || outcome.kind == Outcome::Kind::kNotLetIn) return false;
  if (run.attack->must == Must::kBeCut) return outcome.kind == Outcome::Kind::kCut;
  if (run.attack->must == Must::kBeHeld) return outcome.kind == Outcome::Kind::kHeld;
  return true;
}

// The calling thread, on the last core only. The kernel carries bytes to a local peer on the core of who sends them, so
// that there is their way through TCP, too.
void StayApart() {
  cpu_set_t last;
  CPU_ZERO(&last);
  CPU_SET(static_cast<size_t>(::sysconf(_SC_NPROCESSORS_ONLN)) - 1, &last);
  ::sched_setaffinity(0, sizeof last, &last);
}

// Attackers who stay apart take nothing from anybody but what the gateway does for them. Stubborn ones come again, cut
// or not, until the time is over or a promise is broken.
Outcome RunAttack(const Run& run, const Target& target, bool apart, bool stubborn) {
  if (apart) StayApart();
  const auto end = Clock::now() + target.time;
  Outcome outcome = run.attack->run(target, run.who);
  size_t times = 1, not_let_in = 0;
  while (stubborn && AsItMust(run, outcome) && Clock::now() < end) {
    const Outcome again = run.attack->run(target, run.who);
    if (again.kind == Outcome::Kind::kNotLetIn) {
      ++not_let_in;
    } else {
      outcome = again;
      ++times;
    }
  }
  if (times > 1) outcome.detail += ", " + std::to_string(times) + " times";
  if (not_let_in > 0) outcome.detail += ", " + std::to_string(not_let_in) + " times not let in";
  return outcome;
}

// Runs attacks and judges them. Lives in main.
class Arena {
 public:
  explicit Arena(const Options& options)
      : options_(options), target_(options.target), watch_(options.process), apart_(options.apart), tls_(options.tls) {
    if (options.neighbour_port != 0) neighbour_ = std::make_unique<Neighbour>(options.neighbour_port);
    if (neighbour_ != nullptr) {
      std::this_thread::sleep_for(Seconds(2.5));  // the beginning of a session is slower
      SeeAlone(target_.time);
      std::printf("the neighbour alone: %zu round trips, p50 %.0f us, p99 %.0f us\n", alone_.count, alone_.p50_us,
                  alone_.p99_us);
    }
    memory_before_ = watch_.memory_kib();
    std::printf("gateway: %zu KiB\n%-40s %7s %7s %7s %6s %6s  %s\n", memory_before_, "attack", "before", "peak",
                "after", "cpu %", "p99", "outcome");
  }

  // One attack so many times, and the median of what the neighbour felt.
  void AttackOften(const Run& run, int rounds) {
    std::vector<double> ratios;
    for (int round = 0; round < rounds; ++round) {
      if (neighbour_ != nullptr) SeeAlone(TimeOf(run));
      ratios.push_back(Attack({run}, true));
    }
    std::sort(ratios.begin(), ratios.end());
    std::printf("%-40s %38.2f  median of %zu\n", run.name().c_str(), ratios[ratios.size() / 2], ratios.size());
  }

  // Side by side. The neighbour's p99 as a multiple of what it was alone.
  double Attack(const std::vector<Run>& runs, bool stubborn = false) {
    if (!watch_.alive()) return 0;
    AwaitMemory();
    // The gateway gives free memory back when it likes, now and then more than it had free at first. So what it had
    // before the first attack is the measure, and what it has now only when that is more.
    const size_t before = std::max(watch_.memory_kib(), memory_before_);
    watch_.ForgetPeak();
    if (neighbour_ != nullptr) neighbour_->Take();
    const double cpu = watch_.cpu_seconds();
    const auto begin = Clock::now();
    std::vector<std::future<Outcome>> outcomes;
    outcomes.reserve(runs.size());
    for (const Run& run : runs) {
      outcomes.push_back(std::async(std::launch::async, RunAttack, run, TargetOf(run), apart_, stubborn));
    }
    for (const auto& outcome : outcomes) outcome.wait();
    const double time = Seconds(Clock::now() - begin).count();
    const double share = (watch_.cpu_seconds() - cpu) / time * 100;
    const double ratio = neighbour_ != nullptr ? neighbour_->Take().p99_us / alone_.p99_us : 0;
    const size_t peak = watch_.peak_kib(), after = watch_.memory_kib();
    size_t allowed = 0;
    for (size_t i = 0; i < runs.size(); ++i) {
      const Outcome outcome = outcomes[i].get();
      const bool good = AsItMust(runs[i], outcome);
      const char* kind = outcome.kind == Outcome::Kind::kCut ? "cut" : "held";
      std::printf("%-40s %7zu %7zu %7zu %6.0f %6.2f  %s: %s\n", runs[i].name().c_str(), before, peak, after, share,
                  ratio, good ? kind : "FAILED", outcome.detail.c_str());
      if (!good) ++failures_;
      if (runs[i].who != Who::kStranger || runs[i].attack->by.size() == 1) {
        allowed = std::max(allowed, runs[i].attack->extra_mib * 1024);
      }
    }
    if (peak > before + kMemoryKibMax + allowed) Fail("memory rose above its bound");
    Judge();
    std::fflush(stdout);
    return ratio;
  }

  // True: every promise was kept.
  bool Finish() {
    if (neighbour_ != nullptr && !neighbour_->healthy()) Fail("the neighbour's session broke");
    AwaitMemory();
    const size_t after = watch_.memory_kib();
    if (after > memory_before_ + kMemoryKibMax) Fail("memory stays above its bound");
    std::printf("gateway: %zu KiB before, %zu KiB after; %d failures\n", memory_before_, after, failures_);
    return failures_ == 0;
  }

 private:
  Seconds TimeOf(const Run& run) const {
    return run.attack->lasts == Lasts::kUntilItIsMuch ? std::max(target_.time, kTimeToBeMuch) : target_.time;
  }
  // With credentials that did not attack lately.
  Target TargetOf(const Run& run) {
    Target target = target_;
    target.time = TimeOf(run);
    if (run.who == Who::kAgent) target.agent_key = options_.agent_keys[agents_++ % options_.agent_keys.size()];
    if (run.who == Who::kUser) target.user_token = options_.user_tokens[users_++ % options_.user_tokens.size()];
    return target;
  }
  // For as long as an attack takes, so that equals are compared.
  void SeeAlone(Seconds time) {
    neighbour_->Take();
    std::this_thread::sleep_for(std::max(time, Seconds(1)));
    alone_ = neighbour_->Take();
  }
  // What a flood left behind goes back to the system within seconds.
  void AwaitMemory() const {
    const auto end = Clock::now() + kTimeToGiveBack;
    while (watch_.alive() && watch_.memory_kib() > memory_before_ + kMemoryKibMax && Clock::now() < end) {
      std::this_thread::sleep_for(Seconds(0.1));
    }
  }
  void Judge() {
    if (!watch_.alive()) return Fail("the gateway is gone");
    if (neighbour_ != nullptr && !neighbour_->healthy()) Fail("the neighbour's session broke");
    if (tls_) {
      if (TlsPeer peer(target_.grpc_port, TLS1_3_VERSION); !peer.Shake()) Fail("gRPC is not served afterwards");
      if (TlsPeer peer(target_.http_port, TLS1_2_VERSION); !peer.Shake()) Fail("HTTP is not served afterwards");
      return;
    }
    Http2Peer peer(target_, Who::kStranger);
    if (!peer.Serves()) Fail("gRPC is not served afterwards");
    if (!HttpServes()) Fail("HTTP is not served afterwards");
  }
  // Requests of attackers that are gone may be waiting still: they are told that it is busy, for a moment.
  bool HttpServes() const {
    for (const auto end = Clock::now() + Seconds(5); Clock::now() < end;) {
      RawSocket socket(target_.http_port);
      socket.Say("GET /api/healthz HTTP/1.0\r\n\r\n");
      socket.AwaitEnd(Seconds(5));
      if (socket.heard().starts_with("HTTP/1.1 200")) return true;
    }
    return false;
  }
  void Fail(const char* what) {
    ++failures_;
    std::printf("  FAILED: %s\n", what);
  }

  const Options& options_;
  const Target& target_;
  size_t agents_ = 0, users_ = 0;  // that have attacked
  const ProcessWatch watch_;
  const bool apart_;
  const bool tls_;
  std::unique_ptr<Neighbour> neighbour_;
  Neighbour::Times alone_;
  size_t memory_before_ = 0;
  int failures_ = 0;
};

int Main(int argc, char** argv) {
  const Options options = Read(argc, argv);
  const std::vector<Run> runs = Choose(options);
  if (options.list) {
    for (const Run& run : runs) std::printf("%s\n", run.name().c_str());
    return 0;
  }
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
  Arena arena(options);
  for (const Run& run : runs) {
    if (run.attack->lasts != Lasts::kMoment && run.attack->lasts != Lasts::kUntilItIsMuch) continue;
    options.rounds > 1 ? arena.AttackOften(run, options.rounds) : static_cast<void>(arena.Attack({run}));
  }
  // The hash of a password is made to its end, whether somebody waits for it or not: that group is the last.
  for (const Lasts lasts : {Lasts::kUntilCrowdIsGone, Lasts::kUntilDeadline}) {
    std::vector<Run> together;
    std::copy_if(runs.begin(), runs.end(), std::back_inserter(together),
                 [lasts](const Run& run) { return run.attack->lasts == lasts; });
    if (!together.empty()) arena.Attack(together);
  }
  return arena.Finish() ? 0 : 1;
}

}  // namespace
}  // namespace hoop::floods

int main(int argc, char** argv) { return hoop::floods::Main(argc, argv); }
