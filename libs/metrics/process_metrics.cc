#include "libs/metrics/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

namespace hangou {
namespace {

// The first line of a file; empty where it cannot be read.
std::string FirstLine(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The number behind a word of a file of lines, such as "btime 1700000000"; 0 where there is none.
int64_t NumberBehind(const char* path, const std::string& word) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream in(line);
    std::string first;
    int64_t number = 0;
    if (in >> first >> number && first == word) return number;
  }
  return 0;
}

// proc(5): what /proc/self/stat says behind the program's name, as far as it is used here.
struct ProcStat {
  int64_t cpu_ticks = 0;
  int64_t threads = 0;
  int64_t start_ticks = 0;  // since the machine was booted
  int64_t virtual_bytes = 0;
  int64_t resident_pages = 0;
};

bool ReadProcStat(ProcStat* stat) {
  const std::string line = FirstLine("/proc/self/stat");
  // The name may hold anything, also parentheses and blanks; the state, field 3, stands behind the last parenthesis.
  const size_t end = line.rfind(')');
  if (end == std::string::npos) return false;
  std::istringstream in(line.substr(end + 1));
  std::string state;
  in >> state;
  for (int field = 4; field <= 24; ++field) {
    int64_t value = 0;
    if (!(in >> value)) return false;
    if (field == 14 || field == 15) stat->cpu_ticks += value;
    if (field == 20) stat->threads = value;
    if (field == 22) stat->start_ticks = value;
    if (field == 23) stat->virtual_bytes = value;
    if (field == 24) stat->resident_pages = value;
  }
  return true;
}

void CollectFiles(MetricsPage& page) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
  if (folder == nullptr) return;
  int64_t entries = 0;
  while (::readdir(folder.get()) != nullptr) ++entries;
  // Two are the folder and the one above it, one is the folder as it is read here.
  page.Gauge("process_open_fds", "Number of open file descriptors.", {}, static_cast<double>(entries - 3));
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  page.Gauge("process_max_fds", "Maximum number of open file descriptors.", {},
             static_cast<double>(limit.rlim_cur));
}

}  // namespace

void CollectProcess(MetricsPage& page) {
  CollectFiles(page);
  ProcStat stat;
  if (!ReadProcStat(&stat)) return;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  page.Counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", {},
               static_cast<double>(stat.cpu_ticks) / ticks);
  page.Gauge("process_threads", "Number of threads.", {}, static_cast<double>(stat.threads));
  page.Gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", {},
             static_cast<double>(stat.virtual_bytes));
  page.Gauge("process_resident_memory_bytes", "Resident memory size in bytes.", {},
             static_cast<double>(stat.resident_pages * ::sysconf(_SC_PAGESIZE)));
  if (const int64_t booted_s = NumberBehind("/proc/stat", "btime"); booted_s != 0) {
    page.Gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", {},
               static_cast<double>(booted_s) + static_cast<double>(stat.start_ticks) / ticks);
  }
}

}  // namespace hangou
