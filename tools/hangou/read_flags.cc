#include "tools/hangou/read_flags.h"

#include <CLI/CLI.hpp>

namespace hangou {

void AddReadFlags(CLI::App* command, ReadFlags* flags) {
  command->add_option("RESOURCE", flags->resource, "resource, such as psb.resident")->required();
  command->add_option("--purpose", flags->purpose, "why: a purpose registered for your department")
      ->required();
  command->add_option("--case", flags->case_number,
                      "case number of the matter, where the grant asks for one");
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
