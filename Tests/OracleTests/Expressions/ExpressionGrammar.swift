/// What generated expressions are made of: for every kind of value the ways to make one, each a piece of SQL
/// with slots such as `{numeric}` for values of other kinds.
///
/// Kinds with columns have leaves of their own; the others (`{places}`, `{zone}`) are lists of literals, since SQL
/// takes only those there or other values would be of no interest.
struct ExpressionGrammar: Sendable {
  /// One way to make a value.
  struct Production: Sendable {
    /// The text around the slots: one piece more than there are slots.
    var pieces: [String] = [""]
    var slots: [String] = []

    init(_ template: String) {
      var rest = template[...]
      while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
        pieces[slots.count] += rest[..<open]
        slots.append(String(rest[rest.index(after: open)..<close]))
        pieces.append("")
        rest = rest[rest.index(after: close)...]
      }
      pieces[slots.count] += rest
    }
  }

  private(set) var productions: [String: [Production]] = [:]
  let words: [String: [String]] = ExpressionGrammar.words

  static let shared = ExpressionGrammar()

  private init() {
    for line in Self.rules.split(separator: "\n") where !line.hasPrefix("#") {
      let parts = line.split(separator: ":", maxSplits: 1)
      for template in parts[1].split(separator: " ;; ") { add(String(parts[0]), String(template)) }
    }
    for kind in SampleColumns.kinds { addCommon(kind) }
    addMixedNumbers()
  }

  private mutating func add(_ kind: String, _ template: String) {
    productions[kind, default: []].append(Production(template.trimmed))
  }

  /// What every type takes.
  private mutating func addCommon(_ kind: String) {
    add("boolean", "{\(kind)} IS NULL")
    add("boolean", "{\(kind)} IS NOT NULL")
    if kind == "carried" { return }
    add(kind, "CASE WHEN {boolean} THEN {\(kind)} ELSE {\(kind)} END")
    add(kind, "CASE WHEN {boolean} THEN {\(kind)} WHEN {boolean} THEN {\(kind)} END")
    add(kind, "coalesce({\(kind)}, {\(kind)})")
    for comparison in ["=", "<>", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"] {
      add("boolean", "{\(kind)} \(comparison) {\(kind)}")
    }
    add("boolean", "{\(kind)} IN ({\(kind)}, {\(kind)}, {\(kind)})")
    add("boolean", "{\(kind)} NOT IN ({\(kind)}, {\(kind)})")
    add(kind, "nullif({\(kind)}, {\(kind)})")
    // The collation C of `name` would change the case of ASCII letters only.
    if kind != "name" { add("text", "{\(kind)}::text") }
    add(kind, "CASE {\(kind)} WHEN {\(kind)} THEN {\(kind)} ELSE {\(kind)} END")
    if kind == "mood" { return }
    add(kind, "{text}::\(SampleColumns.typeName(kind))")
    for comparison in ["<", "<=", ">", ">="] { add("boolean", "{\(kind)} \(comparison) {\(kind)}") }
    add("boolean", "{\(kind)} BETWEEN {\(kind)} AND {\(kind)}")
    add("boolean", "{\(kind)} NOT BETWEEN SYMMETRIC {\(kind)} AND {\(kind)}")
    if kind != "uuid" && kind != "boolean" {
      add(kind, "greatest({\(kind)}, {\(kind)}, {\(kind)})")
      add(kind, "least({\(kind)}, {\(kind)})")
    }
  }

  /// Numbers of two types: computed as Postgres's operators and implicit casts settle it.
  private mutating func addMixedNumbers() {
    let integers = ["smallint", "integer", "bigint"]
    let all = integers + ["numeric", "real", "double"]
    for (first, left) in all.enumerated() {
      for (second, right) in all.enumerated() where first != second {
        let wider = all[max(first, second)]
        let result = wider == "real" ? "double" : wider
        for sign in ["+", "-", "*", "/"] { add(result, "{\(left)} \(sign) {\(right)}") }
        if max(first, second) < 4 { add(result, "{\(left)} % {\(right)}") }
        for comparison in ["=", "<", ">=", "IS DISTINCT FROM"] {
          add("boolean", "{\(left)} \(comparison) {\(right)}")
        }
        add(right, "{\(left)}::\(SampleColumns.typeName(right))")
        if first < second, wider != "real" { add(wider, "coalesce({\(left)}, {\(right)})") }
      }
      for sign in ["+", "-", "*", "/"] { add(left, "{\(left)} \(sign) {\(left)}") }
      add(left, "- {\(left)}")
      add(left, "abs({\(left)})")
      if first < 4 {
        add(left, "{\(left)} % {\(left)}")
        add(left, "mod({\(left)}, {\(left)})")
      }
    }
  }

  /// `kind: template ;; template`.
  private static let rules = #"""
    boolean: {boolean} AND {boolean} ;; {boolean} OR {boolean} ;; NOT {boolean} ;; {boolean} AND {boolean} AND {boolean}
    boolean: {boolean} IS TRUE ;; {boolean} IS NOT FALSE ;; {boolean} IS UNKNOWN ;; {boolean} IS NOT UNKNOWN
    boolean: {text} LIKE {like} ;; {text} NOT LIKE {like} ;; {text} ILIKE {like} ;; {varchar} LIKE {like}
    boolean: {char} LIKE {like} ;; {text} LIKE {text} ;; {text} NOT ILIKE {text} ;; {text} LIKE {escaped}
    boolean: starts_with({text}, {text}) ;; {integer}::boolean ;; {varchar} = {text} ;; {char} = {char} ;; {name} = {text}
    boolean: {char} < {text} ;; {varchar} BETWEEN {text} AND {text} ;; {date} < {timestamp} ;; {date} >= {timestamptz}
    boolean: {timestamp} = {timestamptz} ;; {timestamp} > {date} ;; {mood} = 'happy' ;; {mood} IN ('sad', 'ok')
    boolean: {text} IN ('', 'a', 'Abc def') ;; {integer} IN (1, 2, 3, NULL) ;; {numeric} IN (0, 1.0, 1.50)
    boolean: {date} IN ('2024-02-29', 'infinity') ;; {timestamp} < '2024-02-29' ;; {date} - {date} > {small}
    integer: length({text}) ;; length({char}) ;; char_length({varchar}) ;; octet_length({text}) ;; octet_length({char})
    integer: strpos({text}, {text}) ;; position({text} IN {text}) ;; ascii({text}) ;; {date} - {date} ;; {boolean}::integer
    integer: width_bucket({numeric}, {numeric}, {numeric}, {small}) ;; width_bucket({double}, {real}, {real}, {small})
    integer: {date} - {date} ;; extract({datefield} FROM {date})::integer ;; length({text}) + {small}
    numeric: round({numeric}) ;; round({numeric}, {places}) ;; trunc({numeric}) ;; trunc({numeric}, {places})
    numeric: ceil({numeric}) ;; floor({numeric}) ;; sign({numeric}) ;; div({numeric}, {numeric}) ;; {numeric} * {small}
    numeric: sqrt({numeric}) ;; sqrt(abs({numeric})) ;; exp({narrow}) ;; ln({numeric}) ;; ln({narrow}) ;; log({numeric})
    numeric: log({narrow}, {numeric}) ;; power({narrow}, {exponent}) ;; {narrow} ^ {exponent} ;; power({narrow}, {narrow})
    numeric: {numeric}::numeric(12,3) ;; {numeric}::numeric(5) ;; {double}::numeric(20,4) ;; {integer}::numeric(8,2)
    numeric: {text}::numeric(15,2) ;; {numeric}::numeric(4,6) ;; {numeric}::numeric(6,-2) ;; round({numeric} / {numeric}, 4)
    numeric: extract({datefield} FROM {date}) ;; extract({timefield} FROM {timestamp}) ;; extract({zonefield} FROM {timestamptz})
    numeric: extract({spanfield} FROM {interval}) ;; {money} * (1 - {rate}) ;; {money} * (1 - {rate}) * (1 + {rate})
    narrow: {narrow} + 1 ;; abs({narrow}) ;; {narrow} * {narrow}
    numeric: {money} ;; {money} + {rate} ;; {money} / {numeric} ;; {numeric} - {money} ;; {rate} ;; round({money} * {rate}, 2)
    double: round({double}) ;; trunc({double}) ;; ceil({double}) ;; floor({double}) ;; sign({double}) ;; sqrt({double})
    double: exp({double}) ;; ln({double}) ;; log({double}) ;; power({double}, {double}) ;; {double} ^ {double}
    double: date_part({zonefield}, {timestamptz}) ;; date_part({timefield}, {timestamp}) ;; date_part({spanfield}, {interval})
    double: {double} * {small} ;; {real} / {real}
    text: {text} || {text} ;; {text} || {integer} ;; {date} || {text} ;; {varchar} || {char} ;; {char} || {char} ;; {numeric} || ''
    text: lower({text}) ;; upper({text}) ;; initcap({text}) ;; btrim({text}) ;; ltrim({text}) ;; rtrim({text}) ;; reverse({text})
    text: btrim({text}, {text}) ;; ltrim({text}, {text}) ;; rtrim({text}, {text}) ;; trim(both {text} from {text})
    text: left({text}, {small}) ;; right({text}, {small}) ;; substring({text}, {small}) ;; substring({text}, {small}, {small})
    text: substring({text} from {small} for {small}) ;; replace({text}, {text}, {text}) ;; translate({text}, {text}, {text})
    text: split_part({text}, {text}, {small}) ;; split_part({text}, ',', {small}) ;; lpad({text}, {small}) ;; rpad({text}, {small})
    text: lpad({text}, {small}, {text}) ;; rpad({text}, {small}, {text}) ;; repeat({text}, {small}) ;; md5({text})
    text: concat({text}, {integer}, {boolean}) ;; concat({numeric}, {timestamp}) ;; lower({char}) ;; upper({varchar})
    text: to_char({timestamp}, {timepattern}) ;; to_char({timestamptz}, {timepattern}) ;; to_char({interval}, {spanpattern})
    text: to_char({numeric}, {numberpattern}) ;; to_char({integer}, {numberpattern}) ;; to_char({double}, {numberpattern})
    text: to_char({date}, {timepattern}) ;; {varchar} ;; substring({varchar}, {small}) ;; left({char}, {small}) ;; concat({date}, {real})
    varchar: {text}::varchar(5) ;; {integer}::varchar(3) ;; {char}::varchar ;; {numeric}::varchar(4)
    char: {text}::char(4) ;; {varchar}::char(30) ;; {integer}::char(3) ;; {text}::char
    name: {text}::name ;; {varchar}::name
    date: {date} + {small} ;; {date} - {small} ;; {date} + {integer} ;; {small} + {date} ;; make_date({year}, {month}, {day})
    date: {timestamp}::date ;; {timestamptz}::date ;; {varchar}::date ;; ({date} + {interval})::date
    timestamp: {timestamp} + {interval} ;; {timestamp} - {interval} ;; {date} + {interval} ;; {interval} + {timestamp}
    timestamp: date_trunc({unit}, {timestamp}) ;; {timestamptz} AT TIME ZONE {zone} ;; {date}::timestamp
    near: date_trunc({unit}, {near})
    nearzone: date_trunc({unit}, {nearzone}) ;; {near} AT TIME ZONE {zone}
    timestamp: date_bin({stride}, {near}, {near}) ;; {near} + {interval} ;; {timestamptz}::timestamp ;; {date} - {interval}
    timestamptz: {timestamptz} + {interval} ;; {timestamptz} - {interval} ;; date_trunc({unit}, {timestamptz}) ;; {date}::timestamptz
    timestamptz: date_trunc({unit}, {timestamptz}, {zone}) ;; {timestamp} AT TIME ZONE {zone} ;; {timestamp}::timestamptz
    timestamptz: date_bin({stride}, {nearzone}, {nearzone}) ;; {nearzone} - {interval} ;; {interval} + {timestamptz}
    timestamptz: {date} AT TIME ZONE {zone} AT TIME ZONE {zone} AT TIME ZONE {zone}
    interval: {near} - {near} ;; {nearzone} - {nearzone} ;; {near} - timestamp 'infinity' ;; {nearzone} - {near} ;; {interval} + {interval} ;; {interval} - {interval}
    interval: {interval} * {double} ;; {double} * {interval} ;; {interval} / {double} ;; {interval} * {small} ;; {interval} / {small}
    interval: {interval} * {numeric} ;; - {interval} ;; age({near}, {near}) ;; age({nearzone}, {nearzone})
    interval: date_trunc({spanunit}, {interval})
    """#

  /// Kinds that are lists of literals.
  private static let words: [String: [String]] = [
    "small": ["0", "1", "2", "3", "7", "-1", "-2", "12", "40"],
    "places": ["0", "1", "2", "4", "-1", "-3", "20", "-400"],
    "narrow": ["1.5", "2", "0.001"],
    "exponent": ["2", "0.5", "-1", "3", "0", "10", "-2.5", "1.0001"],
    "year": ["2024", "1", "0", "-44", "5874897", "294276"],
    "month": ["1", "2", "12", "0", "13"],
    "day": ["1", "28", "29", "31", "0", "-1"],
    "like": [
      "'%'", "'a%'", "'%b'", "'%b%'", "'_'", "'a_c%'", "''", #"'100\%'"#, #"'%\_%'"#, "'%ß%'", "'__'",
      "'%a%b%'",
      #"'\'"#, "'日%'", "'A%'",
    ],
    "escaped": ["'a!%b' ESCAPE '!'", "'%x%%' ESCAPE 'x'", "'a%' ESCAPE ''"],
    "datefield": [
      "'day'", "'week'", "'month'", "'quarter'", "'year'", "'decade'", "'century'", "'millennium'", "'dow'",
      "'isodow'",
      "'doy'", "'isoyear'", "'epoch'", "'julian'",
    ],
    "timefield": [
      "'microseconds'", "'milliseconds'", "'second'", "'minute'", "'hour'", "'day'", "'week'", "'month'",
      "'quarter'",
      "'year'", "'decade'", "'century'", "'dow'", "'isodow'", "'doy'", "'isoyear'", "'epoch'", "'julian'",
    ],
    "zonefield": [
      "'hour'", "'day'", "'epoch'", "'timezone'", "'timezone_hour'", "'timezone_minute'", "'week'",
      "'julian'",
    ],
    "spanfield": [
      "'microseconds'", "'milliseconds'", "'second'", "'minute'", "'hour'", "'day'", "'month'", "'quarter'",
      "'year'",
      "'decade'", "'century'", "'millennium'", "'epoch'",
    ],
    "unit": [
      "'microseconds'", "'milliseconds'", "'second'", "'minute'", "'hour'", "'day'", "'week'", "'month'",
      "'quarter'",
      "'year'", "'decade'", "'century'", "'millennium'",
    ],
    "spanunit": [
      "'second'", "'minute'", "'hour'", "'day'", "'month'", "'quarter'", "'year'", "'decade'", "'century'",
    ],
    "zone": [
      "'EST'"
    ],
    "stride": [
      "interval '15 minutes'", "interval '1 day'", "interval '7 days'", "interval '1 second'",
      "interval '90 seconds'",
    ],
    "timepattern": [
      "'YYYY-MM-DD HH24:MI:SS.US'", "'IYYY-\"W\"IW-ID'", "'FMMonth DD, Y'", "'DY dd Mon YY'", "'HH12:MI AM'",
      "'Q CC J DDD WW'",
      "'FMHH24 FMMI FMSS MS'", "'DAY MONTH'", "'SSSS SSSSS'", "'IDDD W D p.m.'",
    ],
    "spanpattern": ["'HH24:MI:SS.US'", "'DD HH12:MI'", "'YYYY MM DD'", "'SSSS'", "'FMDD MS'"],
    "numberpattern": [
      "'FM999990.00'", "'999,999.99'", "'S000000.0'", "'9999MI'", "'PL99'", "'99.9PR'", "'0'", "'FM9.999'",
      // None with V, which servers before 15.20 let overflow silently: fixtures/kernels has those.
      "'999D99'", "'SG9990'",
      "'FM99999999999999999999.99'",
    ],
  ]
}

extension String {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
