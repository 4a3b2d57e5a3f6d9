#include "libs/schema/geometry.h"

#include <geos_c.h>

#include <charconv>
#include <memory>

#include "libs/base/status.h"

namespace hangou {
namespace {

constexpr double kLongitudeMost = 180;
constexpr double kLatitudeMost = 90;
constexpr int kTextDecimals = 7;

// GEOS as one thread uses it. Its messages are dropped: they may quote coordinates.
class Geos {
 public:
  Geos() : handle_(GEOS_init_r()) {
    HANGOU_CHECK(handle_ != nullptr, "GEOS cannot be initialised");
    reader_ = GEOSWKBReader_create_r(handle_);
    writer_ = GEOSWKBWriter_create_r(handle_);
    GEOSWKBWriter_setByteOrder_r(handle_, writer_, GEOS_WKB_NDR);
    GEOSWKBWriter_setOutputDimension_r(handle_, writer_, 2);
    GEOSWKBWriter_setIncludeSRID_r(handle_, writer_, 0);
    text_reader_ = GEOSWKTReader_create_r(handle_);
    text_writer_ = GEOSWKTWriter_create_r(handle_);
    GEOSWKTWriter_setTrim_r(handle_, text_writer_, 1);
    GEOSWKTWriter_setRoundingPrecision_r(handle_, text_writer_, kTextDecimals);
  }
  ~Geos() {
    GEOSWKBReader_destroy_r(handle_, reader_);
    GEOSWKBWriter_destroy_r(handle_, writer_);
    GEOSWKTReader_destroy_r(handle_, text_reader_);
    GEOSWKTWriter_destroy_r(handle_, text_writer_);
    GEOS_finish_r(handle_);
  }
  Geos(const Geos&) = delete;
  Geos& operator=(const Geos&) = delete;

  struct Destroy {
    GEOSContextHandle_t handle;
    void operator()(GEOSGeometry* geometry) const { GEOSGeom_destroy_r(handle, geometry); }
  };
  using Geometry = std::unique_ptr<GEOSGeometry, Destroy>;

  Geometry Own(GEOSGeometry* geometry) { return Geometry(geometry, Destroy{handle_}); }
  Geometry Read(std::string_view wkb) {
    return Own(GEOSWKBReader_read_r(handle_, reader_, reinterpret_cast<const unsigned char*>(wkb.data()),
                                    wkb.size()));
  }
  Geometry ReadText(const std::string& wkt) {
    return Own(GEOSWKTReader_read_r(handle_, text_reader_, wkt.c_str()));
  }
  std::string Write(const GEOSGeometry* geometry) {
    size_t size = 0;
    unsigned char* bytes = GEOSWKBWriter_write_r(handle_, writer_, geometry, &size);
    std::string wkb = bytes == nullptr ? "" : std::string(reinterpret_cast<const char*>(bytes), size);
    GEOSFree_r(handle_, bytes);
    return wkb;
  }
  std::string WriteText(const GEOSGeometry* geometry) {
    char* text = GEOSWKTWriter_write_r(handle_, text_writer_, geometry);
    std::string wkt = text == nullptr ? "" : text;
    GEOSFree_r(handle_, text);
    return wkt;
  }
  GEOSContextHandle_t handle() const { return handle_; }

 private:
  GEOSContextHandle_t handle_;
  GEOSWKBReader* reader_;
  GEOSWKBWriter* writer_;
  GEOSWKTReader* text_reader_;
  GEOSWKTWriter* text_writer_;
};

Geos& OfThisThread() {
  thread_local Geos geos;
  return geos;
}

absl::Status InvalidGeometry(std::string_view message) { return MakeError(Reason::kFieldInvalid, message); }

bool IsOnEarth(Geos& geos, const GEOSGeometry* geometry) {
  double left = 0, right = 0, bottom = 0, top = 0;
  // Comparisons that are false for what is not a number.
  return GEOSGeom_getXMin_r(geos.handle(), geometry, &left) == 1 &&
         GEOSGeom_getXMax_r(geos.handle(), geometry, &right) == 1 &&
         GEOSGeom_getYMin_r(geos.handle(), geometry, &bottom) == 1 &&
         GEOSGeom_getYMax_r(geos.handle(), geometry, &top) == 1 && left >= -kLongitudeMost &&
         right <= kLongitudeMost && bottom >= -kLatitudeMost && top <= kLatitudeMost;
}

// "119.42 32.39" or "119.42,32.39" as WKT; empty where it is neither.
std::string PointText(std::string_view text) {
  const size_t separator = text.find_first_of(", ");
  if (separator == std::string_view::npos) return "";
  std::string_view second = text.substr(separator);
  second.remove_prefix(std::min(second.find_first_not_of(", "), second.size()));
  double value = 0;
  for (std::string_view part : {text.substr(0, separator), second}) {
    const auto read = std::from_chars(part.data(), part.data() + part.size(), value);
    if (read.ec != std::errc() || read.ptr != part.data() + part.size()) return "";
  }
  return "POINT (" + std::string(text.substr(0, separator)) + " " + std::string(second) + ")";
}

}  // namespace

absl::StatusOr<std::string> NormalizeGeometry(FieldType type, std::string_view wkb) {
  Geos& geos = OfThisThread();
  const auto geometry = geos.Read(wkb);
  if (!geometry) return InvalidGeometry("the bytes are not WKB");
  if (GEOSHasZ_r(geos.handle(), geometry.get()) != 0)
    return InvalidGeometry("the geometry must have two dimensions");
  if (type == hangou::catalog::v1::FIELD_TYPE_POINT &&
      GEOSGeomTypeId_r(geos.handle(), geometry.get()) != GEOS_POINT) {
    return InvalidGeometry("the geometry is not a point");
  }
  if (GEOSisEmpty_r(geos.handle(), geometry.get()) != 0) return InvalidGeometry("the geometry is empty");
  if (!IsOnEarth(geos, geometry.get())) {
    return InvalidGeometry("longitude must be -180 to 180 degrees, latitude -90 to 90, in this order");
  }
  if (GEOSisValid_r(geos.handle(), geometry.get()) != 1) {
    return InvalidGeometry("the geometry is not valid: a ring is open or crosses itself or another");
  }
  return geos.Write(geometry.get());
}

absl::StatusOr<std::string> GeometryFromText(FieldType type, std::string_view text) {
  std::string wkt(text);
  if (type == hangou::catalog::v1::FIELD_TYPE_POINT) {
    if (std::string point = PointText(text); !point.empty()) wkt = std::move(point);
  }
  Geos& geos = OfThisThread();
  const auto geometry = geos.ReadText(wkt);
  if (!geometry) return InvalidGeometry("not WKT such as POINT (119.42 32.39)");
  // Its heights would be dropped on the way to WKB of two dimensions.
  if (GEOSHasZ_r(geos.handle(), geometry.get()) != 0)
    return InvalidGeometry("the geometry must have two dimensions");
  return geos.Write(geometry.get());
}

std::string GeometryText(std::string_view wkb) {
  Geos& geos = OfThisThread();
  const auto geometry = geos.Read(wkb);
  return geometry ? geos.WriteText(geometry.get()) : "";
}

}  // namespace hangou
