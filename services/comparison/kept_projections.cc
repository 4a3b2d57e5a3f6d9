#include "services/comparison/kept_projections.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>
#include <vector>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

constexpr char kKeptFolder[] = "kept";
constexpr size_t kPrefixBytes = 4;
// Rows that are removed at once: some ten milliseconds.
constexpr size_t kRemovedRows = 20'000;

uint32_t NumberOf(std::string_view key) {
  return static_cast<uint32_t>(ReadBigEndian(key.substr(0, kPrefixBytes)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeptProjections>> KeptProjections::Open(const std::string& folder,
                                                                       std::shared_ptr<StoreBudget> budget) {
  for (bool again = false;; again = true) {
    std::unique_ptr<KeptProjections> kept(new KeptProjections(folder));
    RETURN_IF_ERROR(MakeFolders(folder));
    auto store = OpenRocksStore(folder + "/" + kKeptFolder, kKeptTables, StoreKind::kLocal, budget);
    absl::Status loaded = store.status();
    if (store.ok()) {
      kept->store_ = *std::move(store);
      loaded = kept->Load();
    }
    if (loaded.ok()) return kept;
    if (again || ReasonOf(loaded) != Reason::kDataLoss) return loaded;
    spdlog::warn("all projections are made anew from the log: {}", Message(loaded));
    kept.reset();
    std::error_code error;
    std::filesystem::remove_all(folder, error);
  }
}

absl::Status KeptProjections::FindNumbers(int table, std::set<uint32_t>* numbers) const {
  std::optional<uint32_t> found;
  uint32_t from = 0;
  do {
    found.reset();
    RETURN_IF_ERROR(store_->Scan(table, KeptPrefix(from), "", [&](std::string_view key, std::string_view) {
      found = NumberOf(key);
      return false;
    }));
    if (found) numbers->insert(*found);
    if (found) from = *found + 1;
  } while (found && from != 0);
  return absl::OkStatus();
}

absl::Status KeptProjections::LoadManifests(std::set<uint32_t>* numbers) {
  return store_->Scan(kKeptManifests, "", "", [&](std::string_view key, std::string_view value) {
    Found found;
    found.number = NumberOf(key);
    numbers->insert(found.number);
    if (found.manifest.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      // Of two of one name the later one counts: the other was about to be removed.
      const ProjectionName name = ProjectionNameOf(found.manifest);
      found_[name] = std::move(found);
    }
    return true;
  });
}

absl::Status KeptProjections::Load() {
  std::set<uint32_t> numbers;
  RETURN_IF_ERROR(LoadManifests(&numbers));
  for (const int table : {kKeptKeys, kKeptDays, kKeptErasures}) RETURN_IF_ERROR(FindNumbers(table, &numbers));
  std::set<std::string> stays = {kKeptFolder};
  for (const auto& [name, found] : found_) {
    stays.insert(std::to_string(found.number));
    numbers.erase(found.number);
    last_number_ = std::max(last_number_, found.number);
  }
  for (const uint32_t number : numbers) {
    removing_.push_back(number);
    last_number_ = std::max(last_number_, number);
  }
  std::error_code error;
  std::vector<std::filesystem::path> others;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    if (!stays.contains(entry.path().filename())) others.push_back(entry.path());
  }
  if (error) return ErrnoError(error.value(), "list folder " + folder_);
  for (const auto& other : others) std::filesystem::remove_all(other, error);
  return absl::OkStatus();
}

const KeptProjections::Found* KeptProjections::Find(const ProjectionName& name) const {
  const auto found = found_.find(name);
  return found == found_.end() ? nullptr : &found->second;
}

bool KeptProjections::RemoveOthers(const std::set<ProjectionName>& wanted) {
  return std::erase_if(found_, [&](const auto& found) {
           if (wanted.contains(found.first)) return false;
           Remove(found.second.number);
           return true;
         }) > 0;
}

void KeptProjections::Remove(uint32_t number) {
  std::error_code error;
  std::filesystem::remove_all(FolderOf(number), error);
  removing_.push_back(number);
}

absl::StatusOr<bool> KeptProjections::RemoveSome() {
  if (removing_.empty()) return false;
  const std::string prefix = KeptPrefix(removing_.front());
  StoreBatch batch;
  std::string last;
  RETURN_IF_ERROR(
      store_->Scan(removing_table_, removed_until_, prefix, [&](std::string_view key, std::string_view) {
        last = key;
        batch.Delete(removing_table_, last);
        return batch.changes().size() < kRemovedRows;
      }));
  if (!batch.empty()) RETURN_IF_ERROR(store_->Write(batch));
  // From there on, because looking for the first row would pass over all that are gone.
  removed_until_ = last;
  if (batch.changes().size() < kRemovedRows) {
    removed_until_.clear();
    if (++removing_table_ == kKeptTables) {
      removing_table_ = kKeptManifests;
      removing_.pop_front();
    }
  }
  return !removing_.empty();
}

}  // namespace hangou
