#include "libs/importer/shared_texts.h"

#include <cstring>
#include <string>

#include "libs/base/status.h"
#include "libs/importer/xml_reader.h"

namespace hangou {
namespace {

// <si> is a text: <t>, or runs <r><t> one after the other; <rPh> tells how it is spoken, and is no part of it.
class SharedTextsHandler : public XmlHandler {
 public:
  SharedTextsHandler(SharedTexts& texts, std::string& problem) : texts_(texts), problem_(problem) {}
  void OnStart(std::string_view name, const XmlAttributes&) override {
    if (name == "si") text_.clear();
    if (name == "rPh") spoken_ = true;
    in_text_ = name == "t" && !spoken_;
  }
  void OnEnd(std::string_view name) override {
    in_text_ = false;
    if (name == "rPh") spoken_ = false;
    if (name == "si" && !texts_.Add(text_))
      problem_ = "the workbook has more text than is taken; save it as CSV";
  }
  void OnText(std::string_view text) override {
    if (in_text_ && text_.size() < kCellTextBytes) text_.append(text);
  }

 private:
  SharedTexts& texts_;
  std::string& problem_;
  std::string text_;
  bool in_text_ = false;
  bool spoken_ = false;
};

}  // namespace

absl::StatusOr<SharedTexts> SharedTexts::Read(ZipPart& part) {
  SharedTexts texts;
  std::string problem;
  SharedTextsHandler handler(texts, problem);
  RETURN_IF_ERROR(ReadXml(part, handler));
  if (!problem.empty()) return MakeError(Reason::kInvalidRequest, problem);
  return texts;
}

std::string_view SharedTexts::At(size_t index) const {
  const uint32_t place = places_[index];
  const char* const begin = blocks_[place / kBlockBytes].get() + place % kBlockBytes;
  uint32_t length = 0;
  std::memcpy(&length, begin, sizeof(length));
  return {begin + sizeof(length), length};
}

bool SharedTexts::Add(std::string_view text) {
  const auto length = static_cast<uint32_t>(text.size());
  const size_t needed = sizeof(length) + length;
  if (needed > kBlockBytes || places_.size() >= kSharedTexts) return false;
  if (block_used_ + needed > kBlockBytes) {
    if ((blocks_.size() + 1) * kBlockBytes > kSharedTextBytes) return false;
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(kBlockBytes));
    block_used_ = 0;
  }
  char* const to = blocks_.back().get() + block_used_;
  std::memcpy(to, &length, sizeof(length));
  if (length > 0) std::memcpy(to + sizeof(length), text.data(), length);
  places_.push_back(static_cast<uint32_t>((blocks_.size() - 1) * kBlockBytes + block_used_));
  block_used_ += needed;
  return true;
}

}  // namespace hangou
