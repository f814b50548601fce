internal import Model

/// Lays one mapping over another: a job over its project's defaults, a later project file over an earlier one.
enum Defaults {
  /// Mappings are merged key by key, to any depth; everything else of `top` replaces what is below.
  static func merge(_ top: YAMLMapping, over base: YAMLMapping) -> YAMLMapping {
    var merged = top
    for below in base.meaningful {
      let key = below.key.text
      guard let index = merged.entries.firstIndex(where: { $0.key.text == key }) else {
        let isExcluded = exclusive.contains { group in
          group.contains(key) && top.entries.contains { group.contains($0.key.text) }
        }
        if !isExcluded { merged.entries.append(below) }
        continue
      }
      let above = merged.entries[index].value
      if let upper = above.mapping, let lower = below.value.mapping {
        merged.entries[index].value.content = .mapping(merge(upper, over: lower))
      }
    }
    return merged
  }

  /// Keys of which one mapping has one: a value given on top puts out the others below.
  private static let exclusive: [Set<String>] = [
    ["cron", "every", "at"], ["lookback", "rolling"], ["table", "query"], ["listen", "file"],
    ["webhook", "mail", "command", "postgres"],
  ]

  /// A job's mapping over the defaults. A short `schedule: "..."` counts as its `cron`; defaults say how a
  /// schedule behaves, and make none for a job without.
  static func merge(job: YAMLMapping, over defaults: YAMLMapping) -> YAMLMapping {
    var job = job
    var defaults = defaults
    spellOutSchedule(&job)
    spellOutSchedule(&defaults)
    let isTimed = defaults["schedule"]?.mapping.map { schedule in
      ["cron", "every", "at", "trigger"].contains { schedule[$0] != nil }
    }
    if job["schedule"] == nil, isTimed == false {
      defaults.entries.removeAll { $0.key.text == "schedule" }
    }
    return merge(job, over: defaults)
  }

  private static func spellOutSchedule(_ mapping: inout YAMLMapping) {
    guard let index = mapping.entries.firstIndex(where: { $0.key.text == "schedule" }),
      let text = mapping.entries[index].value.text
    else { return }
    let cron = SourceText(text: "cron", file: text.file, anchors: [text.anchors[0]])
    mapping.entries[index].value.content = .mapping(
      YAMLMapping([YAMLMapping.Entry(key: cron, value: mapping.entries[index].value)]))
  }
}
