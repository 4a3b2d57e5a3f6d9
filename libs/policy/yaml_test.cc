#include "libs/policy/yaml.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/policy/catalog_state.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

struct YamlFolder {
  TempFolder folder;

  void Write(const std::string& name, const std::string& text) {
    const std::string path = folder.path() + "/" + name;
    REQUIRE(MakeFolders(std::filesystem::path(path).parent_path()).ok());
    REQUIRE(WriteFileDurably(path, text, 0600).ok());
  }
  absl::StatusOr<std::vector<v1::CatalogObject>> Load(const std::string& name = {}) {
    return LoadObjects(name.empty() ? folder.path() : folder.path() + "/" + name);
  }
};

constexpr char kResource[] = R"(kind: Resource
name: resources/psb.resident
title: 户籍人口
library: population
responsible: psb
providers: [psb]
sharing: conditional
versioning: source
version_field: changed
owner_kind: person
owner_field: id
record_key_fields: []
fields:
  - name: id
    title: 公民身份号码
    type: citizen_id
    required: true
  - {name: changed, type: date, max: today}
  - {name: sex, type: code, code_list: sex, max_length: 1, sharing: not_shared, legal_basis: Law 3}
)";

}  // namespace

TEST_CASE("Every kind is read from files of a folder, in the order of their paths") {
  YamlFolder yaml;
  yaml.Write("20-resource.yaml", kResource);
  yaml.Write("10/base.yml", R"(kind: Department
name: psb
title: 公安局
---
kind: Purpose
name: check
departments:
  - psb
legal_basis: Law 1
---
kind: CodeList
name: sex
codes:
  - {code: 1, title: 男}
  - {code: 2, title: 女}
---
)");
  yaml.Write("30.yaml", R"(kind: NegativeListEntry
name: e1
resource: resources/psb.resident
field: sex
legal_basis: Law 2
review_date: 2027-01-01
---
kind: Grant
name: g1
resource: resources/psb.resident
department: psb
purposes: [check]
fields:
  - {field: id, permission: masked, mask: citizen_id}
  - {field: changed, permission: full}
valid_until: 2026-12-31
case_number_required: true
)");
  yaml.Write("notes.txt", "not an object");
  const auto objects = yaml.Load();
  INFO(objects.status().ToString());
  REQUIRE(objects.ok());
  REQUIRE(objects->size() == 6);
  CHECK((*objects)[0].department().title() == "公安局");
  CHECK((*objects)[2].code_list().codes(1).code() == "2");
  const v1::Resource& resource = (*objects)[3].resource();
  CHECK(resource.sharing() == v1::SHARING_TYPE_CONDITIONAL);
  CHECK(resource.versioning() == v1::VERSIONING_SOURCE);
  CHECK(resource.owner_kind() == hangou::record::v1::ENTITY_KIND_PERSON);
  CHECK(resource.fields(0).type() == v1::FIELD_TYPE_CITIZEN_ID);
  CHECK(resource.fields(0).required());
  CHECK(resource.fields(2).max_length() == 1);
  const v1::Grant& grant = (*objects)[5].grant();
  CHECK(grant.fields(0).mask() == hangou::record::v1::MASK_CITIZEN_ID);
  CHECK(grant.fields(1).permission() == hangou::record::v1::PERMISSION_FULL);
  CHECK(grant.valid_until() == "2026-12-31");
  CHECK(grant.case_number_required());
  CatalogState state;
  CHECK(state.PlanApply(*objects, "m1", 1).ok());
}

TEST_CASE("A code list takes its codes from a CSV file beside it") {
  YamlFolder yaml;
  yaml.Write("lists/sex.yaml", "kind: CodeList\nname: sex\nfile: sex.csv\n");
  yaml.Write("lists/sex.csv", "\xEF\xBB\xBFtitle,remark,code\r\n男,,1\r\n\"女, \"\"f\"\"\",x,02\r\n");
  const auto objects = yaml.Load();
  INFO(objects.status().ToString());
  REQUIRE(objects.ok());
  const v1::CodeList& list = (*objects)[0].code_list();
  REQUIRE(list.codes_size() == 2);
  CHECK(list.codes(0).code() == "1");
  CHECK(list.codes(1).code() == "02");
  CHECK(list.codes(1).title() == "女, \"f\"");
  for (const char* damaged : {"code\n1\n", "code,title\n1\n", "code,title\n1,\"x\n"}) {
    yaml.Write("lists/sex.csv", damaged);
    const auto refused = yaml.Load();
    CHECK(ReasonOf(refused.status()) == Reason::kInvalidObject);
    CHECK(std::string(Message(refused.status())).find("sex.csv:") != std::string::npos);
  }
}

TEST_CASE("What is wrong in a file is told with file and line") {
  struct Case {
    const char* text;
    const char* place;
  };
  const Case cases[] = {
      {"kind: Department\nname: psb\ncolour: red\n", "a.yaml:3:"},
      {"name: psb\n", "a.yaml:1:"},
      {"kind: department\n", "a.yaml:1:"},
      {"- kind: Department\n", "a.yaml:1:"},
      {"kind: Department\nname: [psb]\n", "a.yaml:2:"},
      {"kind: Department\nname: {a: b}\n", "a.yaml:2:"},
      {"kind: Department\nname:\n", "a.yaml:2:"},
      {"kind: Department\nname: psb\nname: tax\n", "a.yaml:3:"},
      {"kind: Department\nfile: a.csv\n", "a.yaml:2:"},
      {"kind: Purpose\ndepartments: psb\n", "a.yaml:2:"},
      {"kind: Purpose\ndepartments:\n  - psb\n  - [tax]\n", "a.yaml:4:"},
      {"kind: Resource\nsharing: open\n", "a.yaml:2:"},
      {"kind: Resource\nsharing: UNCONDITIONAL\n", "a.yaml:2:"},
      {"kind: Resource\nsharing: unspecified\n", "a.yaml:2:"},
      {"kind: Resource\nfields:\n  - {name: a, required: yes}\n", "a.yaml:3:"},
      {"kind: Resource\nfields:\n  - {name: a, max_length: -1}\n", "a.yaml:3:"},
      {"kind: Resource\nfields:\n  - {name: a, max_length: 1.5}\n", "a.yaml:3:"},
      {"kind: Resource\nfields:\n  - name\n", "a.yaml:3:"},
      {"kind: Grant\nfields:\n  - {field: a, permission: none}\n", "a.yaml:3:"},
      {"kind: Department\n\tname: psb\n", "a.yaml:"},
      {"kind: Department\nname: psb\n---\nkind: Purpose\nname: [a]\n", "a.yaml:5:"},
      {"kind: Department\nname: *nothing\n", "a.yaml:2:"},
      {"kind: Department\nname: \xFF\n", "a.yaml:1:"},
  };
  for (const Case& wrong : cases) {
    YamlFolder yaml;
    yaml.Write("a.yaml", wrong.text);
    const auto objects = yaml.Load("a.yaml");
    INFO(wrong.text << objects.status().ToString());
    CHECK(ReasonOf(objects.status()) == Reason::kInvalidObject);
    CHECK(std::string(Message(objects.status())).find(wrong.place) != std::string::npos);
  }
}

TEST_CASE("A path that is not there, or holds no YAML, is refused") {
  YamlFolder yaml;
  CHECK_FALSE(yaml.Load("none.yaml").ok());
  CHECK(ReasonOf(yaml.Load().status()) == Reason::kInvalidRequest);
  yaml.Write("empty.yaml", "---\n---\n");
  CHECK(yaml.Load()->empty());
}

}  // namespace hangou
