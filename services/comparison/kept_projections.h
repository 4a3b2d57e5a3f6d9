// What of projections is on the disk.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "hangou/columnar/v1/manifest.pb.h"
#include "libs/store/store.h"
#include "services/comparison/fed_projection.h"

namespace hangou {

// A folder with a store (KeptTable) in `kept`, and the segments of each projection in a folder named by its number.
// What no manifest names is removed at the start. Used by one thread.
class KeptProjections {
 public:
  // A projection that was kept before the start.
  struct Found {
    uint32_t number = 0;
    hangou::columnar::v1::ProjectionManifest manifest;
  };

  // Opens or makes the folder; where its store is damaged, everything in it is removed. STORE_FULL, INTERNAL.
  static absl::StatusOr<std::unique_ptr<KeptProjections>> Open(const std::string& folder,
                                                               std::shared_ptr<StoreBudget> budget);

  Store& store() { return *store_; }
  std::string FolderOf(uint32_t number) const { return folder_ + "/" + std::to_string(number); }
  // A number that nothing is kept under.
  uint32_t NextNumber() { return ++last_number_; }
  // What was kept under a name, until it is taken over or removed.
  const Found* Find(const ProjectionName& name) const;
  // Somebody has reopened it.
  void TakeOver(const ProjectionName& name) { found_.erase(name); }
  // Removes what was found and is neither taken over nor wanted. True where there was something.
  bool RemoveOthers(const std::set<ProjectionName>& wanted);
  // Removes a projection: its files at once, its manifest and keys with RemoveSome.
  void Remove(uint32_t number);
  // Removes some of what stays to be removed; false where nothing stays.
  absl::StatusOr<bool> RemoveSome();

 private:
  explicit KeptProjections(std::string folder) : folder_(std::move(folder)) {}
  absl::Status Load();
  absl::Status LoadManifests(std::set<uint32_t>* numbers);
  absl::Status FindNumbers(int table, std::set<uint32_t>* numbers) const;

  const std::string folder_;
  std::unique_ptr<Store> store_;
  uint32_t last_number_ = 0;
  std::map<ProjectionName, Found> found_;
  std::deque<uint32_t> removing_;
  int removing_table_ = kKeptManifests;  // where RemoveSome stands
  std::string removed_until_;
};

}  // namespace hangou
