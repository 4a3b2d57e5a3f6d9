// Small text functions that Chinese data needs everywhere: UTF-8, display width, civil dates.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hangou {

// True where `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, up to U+10FFFF).
bool IsValidUtf8(std::string_view text);
// Number of code points of well-formed UTF-8.
size_t CodePointCount(std::string_view text);
// Columns that well-formed UTF-8 takes in a terminal: 2 for East Asian wide characters, else 1.
size_t DisplayWidth(std::string_view text);

// Days since 1970-01-01 of a civil date; none where there is no such day (Gregorian calendar).
std::optional<int32_t> DayFromCivil(int year, int month, int day);
// "YYYY-MM-DD" of a day number.
std::string FormatDay(int32_t day);
// Day number of "YYYY-MM-DD".
std::optional<int32_t> ParseDay(std::string_view text);
// "YYYY-MM-DDTHH:MM:SS[.ffffff]Z" of microseconds since 1970-01-01 UTC.
std::string FormatInstant(int64_t utc_us);
// Microseconds of such an instant; also with "+08:00" style offsets, and "YYYY-MM-DD HH:MM:SS", which is
// taken as UTC+8.
std::optional<int64_t> ParseInstant(std::string_view text);
// The civil day at an instant in UTC+8, the time of the platform's users.
int32_t DayInChina(int64_t utc_us);
// When a civil day begins in UTC+8, in microseconds since 1970-01-01 UTC.
int64_t ChinaDayStartUs(int64_t day);

// Lower-case hexadecimal digits of bytes.
std::string Hex(std::string_view bytes);
// URL-safe base64 without padding (RFC 4648 section 5), and back; none where it is not.
std::string Base64Url(std::string_view bytes);
std::optional<std::string> FromBase64Url(std::string_view text);

// Appends `value` in `bytes` bytes, most significant first, so that keys sort as numbers.
void AppendBigEndian(std::string* out, uint64_t value, int bytes);
// The value of such bytes; `text` must hold them.
uint64_t ReadBigEndian(std::string_view text);

// True where `name` is [a-z][a-z0-9_]* of at most `max_length` characters.
bool IsName(std::string_view name, size_t max_length);

}  // namespace hangou
