// What a comparison with a peer comes to: medians, their ratio and its spread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hangou {

// The middle of the values (of an even number: the mean of the two); there is at least one. Sorts them.
double Median(std::vector<double> values);

// Runs of us and of a peer, taken in turn, as rates: more is better. Not thread-safe.
class Comparison {
 public:
  // `name` is NAME.PEER as in the RESULT line, `unit` what the rates count ("records/s").
  Comparison(std::string name, std::string unit) : name_(std::move(name)), unit_(std::move(unit)) {}
  // One run of each; both are told on standard output.
  void Add(double ours, double peer);
  // "RESULT name=NAME.PEER ratio=R ours=FIGURE peer=FIGURE runs=N spread_percent=P": medians; the ratio is that of the
  // medians, above 1 where we are better; the spread is that of the ratios of the single runs, highest less lowest, in
  // percent of their median.
  std::string ResultLine() const;

 private:
  const std::string name_;
  const std::string unit_;
  std::vector<double> ours_;
  std::vector<double> peer_;
};

// "RESULT name=NAME ratio=R ours=FIGURE peer=FIGURE runs=N unit=UNIT" of figures that are better the smaller they are:
// medians, and a ratio above 1 where ours is smaller.
std::string LessIsBetterLine(const std::string& name, const std::vector<double>& ours,
                             const std::vector<double>& peer, const std::string& unit);

// Microseconds of processor time that a process has used, user and system; 0 where it is not there.
int64_t CpuUsOf(int pid);
// The same of this process.
int64_t OwnCpuUs();

// Seconds between its making and each look.
class Stopwatch {
 public:
  Stopwatch();
  double Seconds() const;

 private:
  const int64_t begin_us_;  // boot time
};

}  // namespace hangou
