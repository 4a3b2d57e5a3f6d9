// Random catalogs for property tests: small enough that every decision can be asked for.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "libs/policy/catalog_state.h"

namespace hangou {

// Makes valid catalogs and valid single changes from a seed. For tests; not thread-safe.
class RandomCatalog {
 public:
  explicit RandomCatalog(unsigned seed) : random_(seed) {}

  // A catalog with a few of everything, numbers assigned. Some purposes are registered for nobody, some grants have
  // ended or lie ahead.
  PolicyObjects Make();
  // An object that changes a catalog, or adds to it; valid by itself, though it may contradict others.
  hangou::catalog::v1::CatalogObject MakeObject(const PolicyObjects& objects);
  // Below `n`.
  int Below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  bool Chance(int percent) { return Below(100) < percent; }

  // Instants before, at and after every boundary that the catalogs have.
  static std::vector<int64_t> Instants();
  // Every department and purpose that a catalog may have, and one of each that it has not.
  static std::vector<std::string> Departments();
  static std::vector<std::string> Purposes();
  static std::vector<std::string> Resources();

 private:
  hangou::catalog::v1::Purpose MakePurpose(const std::string& name);
  hangou::catalog::v1::Resource MakeResource(const std::string& name);
  hangou::catalog::v1::NegativeListEntry MakeEntry(const PolicyObjects& objects, const std::string& name);
  hangou::catalog::v1::Grant MakeGrant(const PolicyObjects& objects, const std::string& name);
  template <typename Map>
  const typename Map::mapped_type& Pick(const Map& map);

  std::mt19937 random_;
};

}  // namespace hangou
