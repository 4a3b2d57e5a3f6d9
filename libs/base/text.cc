#include "libs/base/text.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "libs/base/clock.h"

namespace hangou {
namespace {

// Civil days are of UTC+8, the whole of China's time.
constexpr int64_t kChinaOffsetUs = 8 * 3600 * kUsPerSecond;

// Decodes the code point at `at`; returns its length in bytes, or 0 where the bytes are malformed.
int DecodeAt(std::string_view text, size_t at, uint32_t* code_point) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) {
    *code_point = lead;
    return 1;
  }
  int length = 0;
  uint32_t value = 0;
  uint32_t least = 0;
  if ((lead & 0xE0) == 0xC0) {
    length = 2, value = lead & 0x1F, least = 0x80;
  } else if ((lead & 0xF0) == 0xE0) {
    length = 3, value = lead & 0x0F, least = 0x800;
  } else if ((lead & 0xF8) == 0xF0) {
    length = 4, value = lead & 0x07, least = 0x10000;
  } else {
    return 0;
  }
  if (at + length > text.size()) return 0;
  for (int i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    value = (value << 6) | (byte(i) & 0x3F);
  }
  if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return 0;
  *code_point = value;
  return length;
}

// Unicode's East Asian Width W and F, as far as text of this platform reaches.
bool IsWide(uint32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0x303E) || (c >= 0x3041 && c <= 0xA4CF) ||
         (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) ||
         (c >= 0xFF00 && c <= 0xFF60) || (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) ||
         (c >= 0x20000 && c <= 0x3FFFD);
}

bool ParseDigits(std::string_view text, int* value) {
  for (char c : text) {
    if (c < '0' || c > '9') return false;
  }
  const auto result = std::from_chars(text.data(), text.data() + text.size(), *value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

struct Civil {
  int year, month, day;
};

// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
Civil CivilFromDay(int32_t day) {
  const int64_t z = static_cast<int64_t>(day) + 719468;
  const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const auto doe = static_cast<unsigned>(z - era * 146097);
  const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  const unsigned d = doy - (153 * mp + 2) / 5 + 1;
  const unsigned m = mp < 10 ? mp + 3 : mp - 9;
  const int64_t y = static_cast<int64_t>(yoe) + era * 400 + (m <= 2);
  return {static_cast<int>(y), static_cast<int>(m), static_cast<int>(d)};
}

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

bool IsValidUtf8(std::string_view text) {
  uint32_t code_point = 0;
  for (size_t at = 0; at < text.size();) {
    // Most is ASCII: eight bytes at a time.
    if (uint64_t word = 0; at + sizeof(word) <= text.size()) {
      std::memcpy(&word, text.data() + at, sizeof(word));
      if ((word & 0x8080808080808080) == 0) {
        at += sizeof(word);
        continue;
      }
    }
    const int length = DecodeAt(text, at, &code_point);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

size_t CodePointCount(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += (static_cast<uint8_t>(c) & 0xC0) != 0x80;
  return count;
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  uint32_t code_point = 0;
  for (size_t at = 0; at < text.size();) {
    const int length = DecodeAt(text, at, &code_point);
    if (length == 0) return width + (text.size() - at);
    width += IsWide(code_point) ? 2 : 1;
    at += length;
  }
  return width;
}

std::optional<int32_t> DayFromCivil(int year, int month, int day) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) return std::nullopt;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (day > kDays[month - 1] + (month == 2 && leap ? 1 : 0)) return std::nullopt;
  // Howard Hinnant, days_from_civil.
  const int y = year - (month <= 2);
  const int era = y / 400;
  const unsigned yoe = static_cast<unsigned>(y - era * 400);
  const unsigned doy = (153u * static_cast<unsigned>(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + static_cast<int32_t>(doe) - 719468;
}

std::string FormatDay(int32_t day) {
  const Civil civil = CivilFromDay(day);
  std::array<char, 40> out;
  const int length =
      std::snprintf(out.data(), out.size(), "%04d-%02d-%02d", civil.year, civil.month, civil.day);
  return {out.data(), static_cast<size_t>(length)};
}

std::optional<int32_t> ParseDay(std::string_view text) {
  int year, month, day;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  if (!ParseDigits(text.substr(0, 4), &year) || !ParseDigits(text.substr(5, 2), &month) ||
      !ParseDigits(text.substr(8, 2), &day)) {
    return std::nullopt;
  }
  return DayFromCivil(year, month, day);
}

std::string FormatInstant(int64_t utc_us) {
  int64_t day = utc_us / kUsPerDay;
  int64_t rest = utc_us % kUsPerDay;
  if (rest < 0) {
    rest += kUsPerDay;
    --day;
  }
  const int64_t seconds = rest / kUsPerSecond;
  const int64_t fraction = rest % kUsPerSecond;
  std::array<char, 40> out;
  int length = std::snprintf(out.data(), out.size(), "T%02d:%02d:%02d", static_cast<int>(seconds / 3600),
                             static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  std::string text = FormatDay(static_cast<int32_t>(day)).append(out.data(), length);
  if (fraction != 0) {
    length = std::snprintf(out.data(), out.size(), ".%06d", static_cast<int>(fraction));
    text.append(out.data(), length);
  }
  return text + "Z";
}

std::optional<int64_t> ParseInstant(std::string_view text) {
  if (text.size() < 19 || (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const auto day = ParseDay(text.substr(0, 10));
  int hour, minute, second;
  if (!day || !ParseDigits(text.substr(11, 2), &hour) || !ParseDigits(text.substr(14, 2), &minute) ||
      !ParseDigits(text.substr(17, 2), &second) || hour > 23 || minute > 59 || second > 59) {
    return std::nullopt;
  }
  int64_t us = *day * kUsPerDay + ((hour * 60LL + minute) * 60 + second) * kUsPerSecond;
  std::string_view rest = text.substr(19);
  if (!rest.empty() && rest[0] == '.') {
    rest.remove_prefix(1);
    int64_t unit = kUsPerSecond / 10;
    size_t digits = 0;
    while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9') {
      us += (rest[digits] - '0') * unit;
      unit /= 10;
      ++digits;
    }
    if (digits == 0 || digits > 6) return std::nullopt;
    rest.remove_prefix(digits);
  }
  if (rest.empty()) return us - 8 * 3600 * kUsPerSecond;
  if (rest == "Z") return us;
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return std::nullopt;
  if (!ParseDigits(rest.substr(1, 2), &hour) || !ParseDigits(rest.substr(4, 2), &minute) || hour > 14 ||
      minute > 59) {
    return std::nullopt;
  }
  const int64_t offset = (hour * 60LL + minute) * 60 * kUsPerSecond;
  return rest[0] == '+' ? us - offset : us + offset;
}

int32_t DayInChina(int64_t utc_us) {
  const int64_t local = utc_us + kChinaOffsetUs;
  int64_t day = local / kUsPerDay;
  if (local % kUsPerDay < 0) --day;
  return static_cast<int32_t>(day);
}

int64_t ChinaDayStartUs(int64_t day) { return day * kUsPerDay - kChinaOffsetUs; }

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (char c : bytes) {
    text.push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
    text.push_back(kDigits[static_cast<uint8_t>(c) & 15]);
  }
  return text;
}

std::string Base64Url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  uint32_t bits = 0;
  int count = 0;
  for (char c : bytes) {
    bits = (bits << 8) | static_cast<uint8_t>(c);
    for (count += 8; count >= 6;) {
      count -= 6;
      text.push_back(kBase64[(bits >> count) & 63]);
    }
  }
  if (count > 0) text.push_back(kBase64[(bits << (6 - count)) & 63]);
  return text;
}

std::optional<std::string> FromBase64Url(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    int value;
    if (c >= 'A' && c <= 'Z') {
      value = c - 'A';
    } else if (c >= 'a' && c <= 'z') {
      value = c - 'a' + 26;
    } else if (c >= '0' && c <= '9') {
      value = c - '0' + 52;
    } else if (c == '-') {
      value = 62;
    } else if (c == '_') {
      value = 63;
    } else {
      return std::nullopt;
    }
    bits = (bits << 6) | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>((bits >> count) & 0xFF));
    }
  }
  // A rest of 6 bits cannot come from whole bytes, and spare bits must be zero: one text per value.
  if (count >= 6 || (bits & ((1u << count) - 1)) != 0) return std::nullopt;
  return bytes;
}

void AppendBigEndian(std::string* out, uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>((value >> shift) & 0xFF));
  }
}

uint64_t ReadBigEndian(std::string_view text) {
  uint64_t value = 0;
  for (char c : text) value = (value << 8) | static_cast<uint8_t>(c);
  return value;
}

bool IsName(std::string_view name, size_t max_length) {
  if (name.empty() || name.size() > max_length || name[0] < 'a' || name[0] > 'z') return false;
  for (char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
  }
  return true;
}

}  // namespace hangou
