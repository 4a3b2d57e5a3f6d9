#include "tools/hangou/read_flags.h"

namespace hangou {

void AddReadFlags(Flags command, ReadFlags* flags) {
  command.Add("RESOURCE", &flags->resource, "resource, such as psb.resident").Required();
  command.Add("--purpose", &flags->purpose, "why: a purpose registered for your department").Required();
  command.Add("--case", &flags->case_number, "case number of the matter, where the grant asks for one");
}

hangou::record::v1::AccessContext ContextOf(const ReadFlags& flags) {
  hangou::record::v1::AccessContext context;
  context.set_purpose(flags.purpose);
  context.set_case_number(flags.case_number);
  return context;
}

hangou::record::v1::Entity OwnerOf(const ResourceSchema& schema, const std::string& id) {
  hangou::record::v1::Entity owner;
  owner.set_kind(static_cast<hangou::record::v1::EntityKind>(schema.owner_kind()));
  owner.set_id(id);
  return owner;
}

}  // namespace hangou
