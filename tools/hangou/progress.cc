#include "tools/hangou/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "libs/base/clock.h"
#include "tools/hangou/command.h"

namespace hangou {
namespace {

constexpr int64_t kShowEveryUs = 200 * kUsPerMs;  // fast enough to look alive, slow enough to read
constexpr size_t kBarColumns = 12;
// An estimate from less would jump.
constexpr double kTellingSeconds = 1;

size_t ColumnsOf(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(),
                                           [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

std::string Bar(double part) {
  const auto full = static_cast<size_t>(std::lround(part * kBarColumns));
  std::string bar;
  for (size_t i = 0; i < kBarColumns; ++i) bar += i < full ? "█" : "░";
  return bar;
}

std::string LeftText(int64_t left_ms) {
  const int64_t seconds = (left_ms + 999) / 1'000;
  char text[48];
  if (seconds < 3'600) {
    std::snprintf(text, sizeof text, "%lld:%02lld left", static_cast<long long>(seconds / 60),
                  static_cast<long long>(seconds % 60));
  } else {
    std::snprintf(text, sizeof text, "%lld h %02lld min left", static_cast<long long>(seconds / 3'600),
                  static_cast<long long>(seconds % 3'600 / 60));
  }
  return text;
}

std::string Joined(const std::vector<std::string>& pieces) {
  std::string text;
  for (const std::string& piece : pieces) {
    if (!piece.empty()) text += (text.empty() ? "" : "  ") + piece;
  }
  return text;
}

}  // namespace

std::string ShortCount(uint64_t count) {
  char text[32];
  const auto number = static_cast<double>(count);
  if (count < 10'000) {
    std::snprintf(text, sizeof text, "%llu", static_cast<unsigned long long>(count));
  } else if (count < 1'000'000) {
    // Down, so that nothing is "1000 k".
    std::snprintf(text, sizeof text, "%llu k", static_cast<unsigned long long>(count / 1'000));
  } else {
    std::snprintf(text, sizeof text, "%.1f M", std::floor(number / 1e5) / 10);
  }
  return text;
}

std::string ProgressText(const ProgressView& view, size_t columns) {
  const bool known = view.part.has_value();
  const double part = known ? std::clamp(*view.part, 0.0, 1.0) : 0;
  // Down: 100 % is the end.
  const std::string percent = known ? std::to_string(static_cast<int>(std::floor(100 * part))) + " %" : "";
  const std::string padded = known ? std::string(5 - std::min<size_t>(5, percent.size()), ' ') + percent : "";
  const std::string left = view.left_ms ? LeftText(*view.left_ms) : "";
  for (size_t notes = view.notes.size();; --notes) {
    std::vector<std::string> pieces = {view.what, known ? Bar(part) : "", padded};
    pieces.insert(pieces.end(), view.notes.begin(), view.notes.begin() + static_cast<std::ptrdiff_t>(notes));
    pieces.push_back(left);
    if (std::string text = Joined(pieces); ColumnsOf(text) <= columns) return text;
    if (notes == 0) break;
  }
  for (const auto& pieces : {std::vector{view.what, percent, left}, std::vector{view.what, percent}}) {
    if (std::string text = Joined(pieces); ColumnsOf(text) <= columns) return text;
  }
  return percent.size() <= columns ? percent : "";
}

Progress::Progress(const char* what, const char* unit)
    : what_(what), unit_(unit), terminal_(ErrorsGoToTerminal()), started_us_(SystemClock().BootUs()) {}

double Progress::seconds() const {
  return static_cast<double>(SystemClock().BootUs() - started_us_) / kUsPerSecond;
}

bool Progress::IsDue() {
  if (!terminal_) return false;
  const int64_t now_us = SystemClock().BootUs();
  if (now_us - shown_us_ < kShowEveryUs) return false;
  shown_us_ = now_us;
  return true;
}

void Progress::Show(uint64_t rows, double part) {
  ProgressView view;
  view.what = what_;
  const double so_far = seconds();
  view.notes = {ShortCount(rows) + " " + unit_,
                ShortCount(static_cast<uint64_t>(static_cast<double>(rows) / std::max(so_far, 0.001))) + " " +
                    unit_ + "/s"};
  if (part > 0) view.part = part;
  if (part > 0 && so_far > kTellingSeconds)
    view.left_ms = static_cast<int64_t>(1'000 * so_far / part * std::max(0.0, 1 - part));
  Show(view);
}

void Progress::Show(const ProgressView& view) {
  if (!IsDue()) return;
  // The last column stays free: a terminal would go to the next line.
  std::fprintf(stderr, "\r%s\x1b[K", ProgressText(view, ErrorColumns() - 1).c_str());
}

void Progress::Clear() {
  if (terminal_ && shown_us_ != 0) std::fputs("\r\x1b[K", stderr);
  shown_us_ = 0;
}

}  // namespace hangou
