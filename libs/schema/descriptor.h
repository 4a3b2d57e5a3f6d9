// A resource's schema as a protobuf descriptor and as .proto text.
#pragma once

#include <string>

#include "google/protobuf/descriptor.pb.h"
#include "hangou/catalog/v1/objects.pb.h"

namespace hangou {

// Full name of the message of a resource: "resources/psb.resident" is "hangou.resource.psb.Resident".
std::string MessageNameOf(const hangou::catalog::v1::Resource& resource);
// A file with this one flat message: proto3, every field optional, types as FieldType documents them.
google::protobuf::FileDescriptorSet DescriptorOf(const hangou::catalog::v1::Resource& resource);
// The same as text that protoc compiles, with the Chinese titles and the rules as comments.
std::string ProtoTextOf(const hangou::catalog::v1::Resource& resource);

}  // namespace hangou
