#include "tools/hangou/compare_pdf.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "tools/hangou/compare_view.h"

namespace hangou {
namespace {

namespace comparison_v1 = hangou::comparison::v1;

// A4 in points, and its margins.
constexpr double kPageWidth = 595.28;
constexpr double kPageHeight = 841.89;
constexpr double kMargin = 50;
constexpr double kTextWidth = kPageWidth - 2 * kMargin;
constexpr double kBottom = kPageHeight - kMargin;
constexpr double kLabelWidth = 100;
constexpr double kCellPadding = 4;
constexpr double kGap = 8;
constexpr double kTitleSize = 18;
constexpr double kHeadSize = 12;
constexpr double kTextSize = 9.5;
constexpr double kFootSize = 8;
constexpr double kNoteHeight = 60;
constexpr double kLineWidth = 0.5;
constexpr char kFonts[] = "WenQuanYi Micro Hei, Noto Sans CJK SC, Droid Sans Fallback, sans-serif";

struct ObjectDeleter {
  void operator()(PangoLayout* layout) const { g_object_unref(layout); }
};
using LayoutPointer = std::unique_ptr<PangoLayout, ObjectDeleter>;

cairo_status_t AppendBytes(void* closure, const unsigned char* data, unsigned int length) {
  static_cast<std::string*>(closure)->append(reinterpret_cast<const char*>(data), length);
  return CAIRO_STATUS_SUCCESS;
}

// Pages that are filled from the top. Not thread-safe.
class PdfPages {
 public:
  PdfPages()
      : surface_(cairo_pdf_surface_create_for_stream(AppendBytes, &bytes_, kPageWidth, kPageHeight)),
        cairo_(cairo_create(surface_)) {
    cairo_pdf_surface_set_metadata(surface_, CAIRO_PDF_METADATA_TITLE, "疑点核查单");
    cairo_set_line_width(cairo_, kLineWidth);
  }
  PdfPages(const PdfPages&) = delete;
  PdfPages& operator=(const PdfPages&) = delete;
  ~PdfPages() {
    cairo_destroy(cairo_);
    cairo_surface_destroy(surface_);
  }

  // Begins a sheet on a page of its own; `foot` stands below each of its pages.
  void BeginSheet(const std::string& foot) {
    if (page_ > 0) EndPage();
    foot_ = foot;
    page_ = 1;
    y_ = kMargin;
  }
  void Title(const std::string& text) {
    const LayoutPointer layout = Lay(text, kTitleSize, true, kTextWidth);
    pango_layout_set_alignment(layout.get(), PANGO_ALIGN_CENTER);
    Put(layout.get(), kMargin);
  }
  void Head(const std::string& text) {
    y_ += kGap;
    const LayoutPointer layout = Lay(text, kHeadSize, true, kTextWidth);
    // Not alone at the end of a page.
    Need(HeightOf(layout.get()) + 4 * kHeadSize);
    Put(layout.get(), kMargin);
  }
  void Text(const std::string& text) {
    const LayoutPointer layout = Lay(text, kTextSize, false, kTextWidth);
    PutLines(layout.get(), kMargin);
  }
  // A line of a table with a label; both wrap. `least` points high.
  void Line(const std::string& label, const std::string& text, double least = 0);
  absl::StatusOr<std::string> Finish();

 private:
  LayoutPointer Lay(const std::string& text, double size, bool bold, double width) const;
  static double HeightOf(PangoLayout* layout) {
    int height = 0;
    pango_layout_get_size(layout, nullptr, &height);
    return static_cast<double>(height) / PANGO_SCALE;
  }
  // Goes on on the next page where there is no room for so many points.
  void Need(double height) {
    if (y_ + height <= kBottom || y_ == kMargin) return;
    EndPage();
    ++page_;
    y_ = kMargin;
  }
  void Put(PangoLayout* layout, double x) {
    const double height = HeightOf(layout);
    Need(height);
    cairo_move_to(cairo_, x, y_);
    pango_cairo_show_layout(cairo_, layout);
    y_ += height + kCellPadding;
  }
  void PutLines(PangoLayout* layout, double x);
  void EndPage();

  std::string bytes_;
  cairo_surface_t* const surface_;
  cairo_t* const cairo_;
  std::string foot_;
  int page_ = 0;
  double y_ = kMargin;
};

LayoutPointer PdfPages::Lay(const std::string& text, double size, bool bold, double width) const {
  LayoutPointer layout(pango_cairo_create_layout(cairo_));
  PangoFontDescription* const font = pango_font_description_from_string(kFonts);
  pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
  if (bold) pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
  pango_layout_set_font_description(layout.get(), font);
  pango_font_description_free(font);
  pango_layout_set_width(layout.get(), static_cast<int>(width * PANGO_SCALE));
  pango_layout_set_wrap(layout.get(), PANGO_WRAP_WORD_CHAR);
  pango_layout_set_text(layout.get(), text.c_str(), static_cast<int>(text.size()));
  return layout;
}

void PdfPages::PutLines(PangoLayout* layout, double x) {
  PangoLayoutIter* const lines = pango_layout_get_iter(layout);
  do {
    PangoRectangle extents;
    pango_layout_iter_get_line_extents(lines, nullptr, &extents);
    const double height = static_cast<double>(extents.height) / PANGO_SCALE;
    Need(height);
    const double base = static_cast<double>(pango_layout_iter_get_baseline(lines) - extents.y) / PANGO_SCALE;
    cairo_move_to(cairo_, x, y_ + base);
    pango_cairo_show_layout_line(cairo_, pango_layout_iter_get_line_readonly(lines));
    y_ += height;
  } while (pango_layout_iter_next_line(lines));
  pango_layout_iter_free(lines);
  y_ += kCellPadding;
}

void PdfPages::Line(const std::string& label, const std::string& text, double least) {
  const LayoutPointer of_label = Lay(label, kTextSize, true, kLabelWidth - 2 * kCellPadding);
  const LayoutPointer of_text = Lay(text, kTextSize, false, kTextWidth - kLabelWidth - 2 * kCellPadding);
  const double height =
      std::max({HeightOf(of_label.get()), HeightOf(of_text.get()), least}) + 2 * kCellPadding;
  Need(height);
  cairo_rectangle(cairo_, kMargin, y_, kLabelWidth, height);
  cairo_rectangle(cairo_, kMargin + kLabelWidth, y_, kTextWidth - kLabelWidth, height);
  cairo_stroke(cairo_);
  cairo_move_to(cairo_, kMargin + kCellPadding, y_ + kCellPadding);
  pango_cairo_show_layout(cairo_, of_label.get());
  cairo_move_to(cairo_, kMargin + kLabelWidth + kCellPadding, y_ + kCellPadding);
  pango_cairo_show_layout(cairo_, of_text.get());
  y_ += height;
}

void PdfPages::EndPage() {
  const LayoutPointer foot =
      Lay(foot_ + "　第 " + std::to_string(page_) + " 页", kFootSize, false, kTextWidth);
  cairo_move_to(cairo_, kMargin, kPageHeight - kMargin / 2 - kFootSize);
  pango_cairo_show_layout(cairo_, foot.get());
  cairo_show_page(cairo_);
}

absl::StatusOr<std::string> PdfPages::Finish() {
  if (page_ > 0) EndPage();
  cairo_surface_finish(surface_);
  const cairo_status_t status = cairo_surface_status(surface_);
  if (status != CAIRO_STATUS_SUCCESS)
    return MakeError(Reason::kInternal,
                     std::string("the PDF cannot be made: ") + cairo_status_to_string(status));
  return std::move(bytes_);
}

// A value of a figure in Chinese.
std::string InChinese(const std::string& value) {
  if (value == "missing") return "（无）";
  if (value == "withheld") return "（不予提供）";
  if (value == "true") return "是";
  if (value == "false") return "否";
  constexpr std::string_view kYuan = " yuan";
  if (value.size() > kYuan.size() && value.compare(value.size() - kYuan.size(), kYuan.size(), kYuan) == 0)
    return value.substr(0, value.size() - kYuan.size()) + " 元";
  return value;
}

void AddHead(const comparison_v1::GetClueResponse& response, PdfPages* pages) {
  const comparison_v1::Clue& clue = response.clue();
  pages->Title("疑点核查单");
  pages->Line("疑点编号", clue.name());
  pages->Line("比对规则", response.rule_title() + "（" + clue.rule() + "，第 " +
                              std::to_string(clue.rule_version()) + " 版）");
  pages->Line("主体", clue.withheld().empty() ? clue.subject() : "不予提供：" + clue.withheld());
  std::string key;
  for (const auto& part : clue.key())
    key += (key.empty() ? "" : "；") + part.name() + " " + InChinese(part.value());
  if (!key.empty()) pages->Line("比对键", key);
  if (!clue.period().empty()) pages->Line("属期", clue.period());
  pages->Line("疑点金额", clue.has_amount_fen() ? YuanText(clue.amount_fen()) + " 元" : "未定");
  if (!clue.division().empty()) pages->Line("区划", clue.division());
  pages->Line("税务所", response.office_title().empty() ? "未分派" : response.office_title());
  pages->Line("状态", StateTitle(clue.state()));
  pages->Line("发现日期", FormatDay(DayInChina(clue.create_time().seconds() * kUsPerSecond)));
  if (!response.evidence().legal_basis().empty()) pages->Line("依据", response.evidence().legal_basis());
}

void AddSides(const comparison_v1::ClueEvidence& evidence, PdfPages* pages) {
  for (const auto& side : evidence.sides()) {
    pages->Head("数据来源：" + side.title() + "（" + side.resource() + "），共 " +
                std::to_string(side.all_rows()) + " 条");
    int number = 0;
    for (const auto& row : side.rows()) {
      std::string text;
      for (int i = 0; i < std::min(row.values_size(), side.titles_size()); ++i)
        text += (text.empty() ? "" : "；") + side.titles(i) + "：" + InChinese(row.values(i));
      pages->Line("第 " + std::to_string(++number) + " 条" + (row.counted() ? "" : "（未计入）"), text);
    }
    if (side.rows().empty()) pages->Text("没有记录。");
    if (side.all_rows() > side.rows_size())
      pages->Text("其余 " + std::to_string(side.all_rows() - side.rows_size()) + " 条未列出。");
  }
}

void AddWork(const comparison_v1::GetClueResponse& response, PdfPages* pages) {
  if (!response.evidence().formulas().empty()) pages->Head("计算过程");
  for (const auto& formula : response.evidence().formulas())
    pages->Line(formula.name(),
                formula.text() + "\n= " + formula.filled() + "\n= " + InChinese(formula.value()));
  if (!response.clue().history().empty()) pages->Head("办理经过");
  for (const auto& step : response.clue().history()) {
    pages->Line(FormatDay(DayInChina(step.time().seconds() * kUsPerSecond)),
                StateTitle(step.state()) + "　" + step.by() +
                    (step.recovered_fen() == 0 ? "" : "　入库 " + YuanText(step.recovered_fen()) + " 元") +
                    (step.note().empty() ? "" : "\n" + step.note()));
  }
}

void AddAnswer(PdfPages* pages) {
  pages->Head("核查反馈");
  pages->Line("核查结果", "□ 属实待补　□ 属实补税　□ 无问题　□ 数据错误　□ 查无下落");
  pages->Line("入库金额（元）", "");
  pages->Line("错误信息项", "");
  pages->Line("核查说明", "", kNoteHeight);
  pages->Line("核查人、日期", "");
}

}  // namespace

absl::Status WriteClueSheets(const std::vector<comparison_v1::GetClueResponse>& clues,
                             const std::string& path) {
  PdfPages pages;
  for (const auto& response : clues) {
    pages.BeginSheet(response.clue().name() + "　" + response.evidence().run() + "　截至 " +
                     response.evidence().as_of());
    AddHead(response, &pages);
    AddAnswer(&pages);
    AddSides(response.evidence(), &pages);
    AddWork(response, &pages);
  }
  ASSIGN_OR_RETURN(const std::string bytes, pages.Finish());
  return WriteFileDurably(path, bytes, 0600);
}

}  // namespace hangou
