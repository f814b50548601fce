import Foundation
import Model
import Runtime
import Testing

/// The system's time zone data must be there: without it no schedule has a meaning, so these tests fail loudly.
@Suite struct ZoneFilesTests {
  @Test func theSystemHasTimeZoneData() {
    #expect(!ZoneFiles.system.names.isEmpty, "no /usr/share/zoneinfo/tzdata.zi: install the package tzdata")
    #expect(!ZoneFiles.system.dataVersion.isEmpty)
  }

  @Test func everyNameHasReadableRules() throws {
    for name in ZoneFiles.system.names where name != "Factory" {
      let zone = try ZoneFiles.system.rules(named: name)
      #expect(zone.name == name || zone.name == "UTC")
    }
  }

  @Test func namesAreFoundInAnyCase() throws {
    let zone = try ZoneFiles.system.rules(named: "europe/BERLIN")
    #expect(zone.name == "Europe/Berlin")
    // 2026-07-01T00:00:00Z, then 2300-07-01T00:00:00Z, far behind the listed transitions.
    #expect(zone.period(atUnixSeconds: 1_782_864_000).offset == 7200)
    #expect(zone.period(atUnixSeconds: 10_429_516_800).offset == 7200)
  }

  @Test(arguments: [
    "../../../etc/passwd", "/etc/passwd", "Europe/../Europe/Berlin", "", ".", "Europe/", "Europe//Berlin",
    "Europe/Berlin\u{0}", "tzdata.zi", "Europe", String(repeating: "A", count: 5000),
  ])
  func namesCannotLeadElsewhere(_ name: String) {
    let fault = #expect(throws: Fault.self) { try ZoneFiles.system.rules(named: name) }
    #expect(fault?.code == "unknown_time_zone" || fault?.code == "bad_time_zone_file")
  }

  @Test func aSlipIsAnsweredWithTheNameMeant() {
    let fault = #expect(throws: Fault.self) { try ZoneFiles.system.rules(named: "Europe/Berlni") }
    #expect(fault?.hint?.contains("Europe/Berlin") == true)
  }

  @Test func aMissingFolderSaysWhatToInstall() {
    let files = ZoneFiles(folder: "/nowhere")
    let fault = #expect(throws: Fault.self) { try files.rules(named: "Europe/Berlin") }
    #expect(fault?.hint?.contains("tzdata") == true)
  }
}
