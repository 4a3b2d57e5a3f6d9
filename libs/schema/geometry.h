// Points and geometries as fields carry them: WKB of ISO 19125 in CGCS2000, longitude and latitude in degrees. Read,
// checked and written by GEOS.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/schema/resource_schema.h"

namespace hangou {

// Checks the WKB in a field: two dimensions, longitude -180 to 180, latitude -90 to 90, not empty, valid by the simple
// features (rings closed, no crossing), and a point where the type is one. Returns it in its normal form, which is
// little-endian without an SRID: the same geometry has one form of bytes. FIELD_INVALID with the rule. Thread-safe.
absl::StatusOr<std::string> NormalizeGeometry(FieldType type, std::string_view wkb);

// WKB from text as files have it: WKT ("POINT (119.42 32.39)"), or for a point "119.42 32.39" or "119.42,32.39".
// FIELD_INVALID where it is neither. Whether the geometry is valid is for NormalizeGeometry to say. Thread-safe.
absl::StatusOr<std::string> GeometryFromText(FieldType type, std::string_view text);
// The WKT of a WKB, coordinates to the tenth of a micro-degree (1 cm); empty where it cannot be read. Thread-safe.
std::string GeometryText(std::string_view wkb);

}  // namespace hangou
