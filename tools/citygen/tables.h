// The tables of the city, one per resource; where a table has several writers, each adds its rows. Those of a
// comparison (T01 to T32) stand together with the gaps that are planted in them.
#pragma once

#include <string>

#include "tools/citygen/gaps.h"
#include "tools/citygen/model.h"
#include "tools/citygen/table.h"

namespace hangou {

// The income of a company in 2024, as its annual declaration and report have it; amounts in fen.
struct AnnualIncome {
  int64_t revenue = 0;
  int64_t taxable = 0;
  int64_t subsidy = 0;         // of it
  int64_t not_taxable = 0;     // subsidies that are declared as such
  int64_t rate = 0;            // in millionths
  Plant plant = Plant::kNone;  // T25 or T29, by the role of the company
  int64_t gap = 0;
};
AnnualIncome AnnualIncomeOf(const City& city, const Company& company);

// The bank account of a person's social security card.
std::string AccountOf(const City& city, const Person& person);

// Registers of people.
void WriteResidents(const City& city, TableWriter* table);
void WriteHouseholds(const City& city, TableWriter* table);
void WriteMarriages(const City& city, TableWriter* table);
void WriteDeaths(const City& city, TableWriter* table);
void WriteBirths(const City& city, TableWriter* table);
void WriteStudents(const City& city, TableWriter* table);
void WriteDriverLicences(const City& city, TableWriter* table);
void WriteRelief(const City& city, TableWriter* table);
void WriteDisabledCertificates(const City& city, TableWriter* table);
void WriteVeterans(const City& city, TableWriter* table);
void WriteLandContracts(const City& city, TableWriter* table);
// Dwellings, bills, insurance, cards and cases of people.
void WriteElectricityBills(const City& city, TableWriter* table);
void WriteTapWaterBills(const City& city, TableWriter* table);
void WriteTownGasBills(const City& city, TableWriter* table);
void WriteDwellings(const City& city, TableWriter* table);
void WriteEnrolments(const City& city, TableWriter* table);
void WriteSettlements(const City& city, TableWriter* table);
void WriteSocialCards(const City& city, TableWriter* table);
void WriteHealthRecords(const City& city, TableWriter* table);
void WriteServiceCases(const City& city, TableWriter* table);
// Registers of companies.
void WriteEnterprises(const City& city, TableWriter* table);
void WriteAnnualReports(const City& city, TableWriter* table);
void WriteShareholders(const City& city, TableWriter* table);
void WriteStateEnterprises(const City& city, TableWriter* table);
void WriteCustomsFilings(const City& city, TableWriter* table);
void WriteLargeCompanies(const City& city, TableWriter* table);
void WriteInvestmentProjects(const City& city, TableWriter* table);
void WriteParking(const City& city, TableWriter* table);
// Divisions.
void WriteDivisions(const City& city, TableWriter* table);
// Declarations and payments.
void WriteDeclarations(const City& city, TableWriter* table);
void WritePayments(const City& city, TableWriter* table);
void WriteArrears(const City& city, TableWriter* table);
void WriteAbnormalTaxpayers(const City& city, TableWriter* table);
// Licences and penalties; which ones, the name of the table says.
void WriteLicences(const City& city, TableWriter* table);
void WritePenalties(const City& city, TableWriter* table);
// The rest of the credit library.
void WriteGrades(const City& city, TableWriter* table);
void WriteAbnormalOperations(const City& city, TableWriter* table);
void WriteSeriousViolations(const City& city, TableWriter* table);
void WriteExecutionCases(const City& city, TableWriter* table);
void WriteDishonestDebtors(const City& city, TableWriter* table);
void WriteCommitments(const City& city, TableWriter* table);
void WriteRepairs(const City& city, TableWriter* table);
void WritePersonPenalties(const City& city, TableWriter* table);
// T01, T02, T32.
void WriteTransfers(const City& city, TableWriter* table);
void WriteFamilyHouses(const City& city, TableWriter* table);
void WriteHouseDeeds(const City& city, TableWriter* table);
void WriteHouseSales(const City& city, TableWriter* table);
void AddTransferGaps(const City& city, Gaps* gaps);
// T05, T06, T07, T09.
void WriteLandCertificates(const City& city, TableWriter* table);
void WriteBuildings(const City& city, TableWriter* table);
void WriteLandUseTax(const City& city, TableWriter* table);
void WriteValueHouseTax(const City& city, TableWriter* table);
void WriteLandDeals(const City& city, TableWriter* table);
void WriteLandDeeds(const City& city, TableWriter* table);
void WriteFarmlandApprovals(const City& city, TableWriter* table);
void WriteFarmlandTax(const City& city, TableWriter* table);
void AddLandGaps(const City& city, Gaps* gaps);
// T03, T04.
void WritePresaleContracts(const City& city, TableWriter* table);
void WritePresalePrepayments(const City& city, TableWriter* table);
void WriteSalesProgress(const City& city, TableWriter* table);
void WriteLandVatSettlements(const City& city, TableWriter* table);
void AddDeveloperGaps(const City& city, Gaps* gaps);
// T08, T28.
void WriteLeases(const City& city, TableWriter* table);
void WriteRentHouseTax(const City& city, TableWriter* table);
void WriteDemolitions(const City& city, TableWriter* table);
void WriteReliefClaims(const City& city, TableWriter* table);
void AddLeaseGaps(const City& city, Gaps* gaps);
// T16, T17.
void WriteVehicles(const City& city, TableWriter* table);
void WriteVehicleTax(const City& city, TableWriter* table);
void WritePurchaseTax(const City& city, TableWriter* table);
void AddVehicleGaps(const City& city, Gaps* gaps);
// T10, T11, T27, T30.
void WriteConstructionPermits(const City& city, TableWriter* table);
void WriteConstructionPrepayments(const City& city, TableWriter* table);
void WriteContracts(const City& city, TableWriter* table);
void WriteContractStampDuty(const City& city, TableWriter* table);
void WritePerformances(const City& city, TableWriter* table);
void WriteEventPrepayments(const City& city, TableWriter* table);
void WriteProcurementPayments(const City& city, TableWriter* table);
void WriteInvoicedContracts(const City& city, TableWriter* table);
void AddProjectGaps(const City& city, Gaps* gaps);
// T12, T13.
void WriteShareTransfers(const City& city, TableWriter* table);
void WriteEquityIncome(const City& city, TableWriter* table);
void WriteCapitalChanges(const City& city, TableWriter* table);
void WriteCapitalStampDuty(const City& city, TableWriter* table);
void AddCapitalGaps(const City& city, Gaps* gaps);
// T14, T15.
void WritePowerUsage(const City& city, TableWriter* table);
void WriteWaterUsage(const City& city, TableWriter* table);
void WriteGasUsage(const City& city, TableWriter* table);
void WriteMonthlySales(const City& city, TableWriter* table);
void AddUtilityGaps(const City& city, Gaps* gaps);
// T18, T24, T26.
void WriteTaxRegistrations(const City& city, TableWriter* table);
void WriteOperatingLicences(const City& city, TableWriter* table);
void WritePrivateSchools(const City& city, TableWriter* table);
void WriteMedicalInstitutions(const City& city, TableWriter* table);
void AddRegistrationGaps(const City& city, Gaps* gaps);
// T19, T20, T31.
void WriteInsurance(const City& city, TableWriter* table);
void WriteWages(const City& city, TableWriter* table);
void WriteHousingFund(const City& city, TableWriter* table);
void WriteUnitSummaries(const City& city, TableWriter* table);
void WriteDisabledStaff(const City& city, TableWriter* table);
void WriteDisabledLevy(const City& city, TableWriter* table);
void AddStaffGaps(const City& city, Gaps* gaps);
// T21, T22, T23.
void WriteMining(const City& city, TableWriter* table);
void WriteResourceTax(const City& city, TableWriter* table);
void WriteWaterIntake(const City& city, TableWriter* table);
void WriteWaterTax(const City& city, TableWriter* table);
void WriteEmissions(const City& city, TableWriter* table);
void WriteEnvironmentTax(const City& city, TableWriter* table);
void AddResourceGaps(const City& city, Gaps* gaps);
// T25, T29.
void WriteAnnualIncome(const City& city, TableWriter* table);
void WriteHitechCertificates(const City& city, TableWriter* table);
void WriteSubsidies(const City& city, TableWriter* table);
void AddIncomeGaps(const City& city, Gaps* gaps);

}  // namespace hangou
