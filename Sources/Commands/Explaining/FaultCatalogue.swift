internal import Model
internal import Postgres

/// What the codes of faults mean and what to do about them, for `explain`. A code that comes in several classes has
/// an entry for each.
enum FaultCatalogue {
  struct Entry: Sendable {
    var code: String
    var kind: String
    var meaning: String
    var remedy: String
  }

  static let entries: [Entry] = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
    let parts = line.split(separator: "|", maxSplits: 3).map(String.init)
    return Entry(code: parts[0], kind: parts[1], meaning: parts[2], remedy: parts[3])
  }

  /// The same with what Postgres's errors are named, each in a class that it does not come in already.
  static let withPostgres: [Entry] = SQLState.meanings.map { entry(of: $0) }.reduce(into: entries) {
    all, entry in
    if !all.contains(where: { $0.code == entry.code && $0.kind == entry.kind }) { all.append(entry) }
  }

  static func entry(of meaning: SQLState.Meaning) -> Entry {
    Entry(
      code: meaning.name, kind: meaning.kind.rawValue, meaning: meaning.sentence, remedy: remedy(of: meaning))
  }

  /// What to do about a fault whose own text does not say.
  static func remedy(of code: String, kind: String) -> String? {
    entries.first { $0.code == code && $0.kind == kind }?.remedy
      ?? SQLState(ofKnownClass: code).map { remedy(of: $0.meaning) }
      ?? SQLState.meaning(named: code).map { remedy(of: $0) }
  }

  static func remedy(of meaning: SQLState.Meaning) -> String {
    meaning.hint
      ?? (meaning.isTransient
        ? "A run tries it again as `errors.retry` says; where that gave up, the cause is the server's own message"
        : "The cause is the server's own message")
  }

  /// A code a line: its class, what it means, what to do.
  private static let text = #"""
    # The command line
    bad_failpoint|usage|TIDEMARK_FAILPOINT names no failpoint, or not in the form POINT:COUNT:EFFECT|`tidemark failpoints` lists the names; unset the variable outside of crash tests
    failpoint|connection|A failpoint was asked to fail, as in a test of crashes|Unset TIDEMARK_FAILPOINT
    bad_interval|usage|The interval ends before it begins|Swap --interval-start and --interval-end: the end is the first moment behind the interval
    bad_parameter|usage|A parameter's text does not fit its declared type|Write it as the type in `params:` of the job wants it
    bad_value|usage|An option has a value that it does not take|`--help` of the command says what it takes
    extra_operand|usage|The command line has a word too many|See `--help` of the command; quote texts with spaces
    extra_value|usage|A flag was given a value|Leave the value out
    interval_gap|validation|A warning: the fires of a schedule leave some of its intervals to nobody|Let it fire once for each of them, or give `interval` a `lookback`
    interval_too_long|usage|The name covers several fires of the job|Name one of them, for example by its date; `backfill` makes several
    invalid_interval|usage|The text after --for names no interval|Write yesterday, 2026-03-14, 2026-W12, 2026-03, 2026-Q1, 2026 or 2026-03-14T02
    missing_operand|usage|The command needs one more word|`--help` of the command shows a line that works
    missing_parameter|usage|A parameter without default was not given|Give it: --set NAME=VALUE, or give it a default in the job
    missing_value|usage|An option stands without its value|Write the value behind it
    no_interval|usage|The job has no interval, or none at that moment|Give the job `interval: {span: day}` or a schedule, or run it without an interval
    no_matrix|usage|A matrix row was named for a job without matrix|Leave the brackets away
    no_schedule|usage|The job has no schedule, so nothing fires|Give it `schedule:`, or run it with `tidemark run`
    no_such_interval|usage|The interval named does not exist in the job's calendar|`tidemark schedule next JOB` shows the next ones
    not_comparable|usage|The two results have different columns|Compare two runs of the same job
    nothing_to_resume|usage|The run is over, so there is nothing to go on with|`tidemark run JOB` starts a new one, `--again` publishes a new revision
    repeated_option|usage|An option that counts once was given twice|Keep one of them
    unknown_command|usage|There is no such command|`tidemark --help` lists the commands
    unknown_matrix_row|usage|The job's matrix has no such row|`tidemark plan JOB` names its rows
    unknown_option|usage|The command has no such option|`--help` of the command lists its options
    unknown_parameter|usage|The job declares no such parameter|Declare it under `params:`, or correct its name
    output_lost|resource|What the command printed could not be written|Look at where its standard output goes: a full disk, a closed file
    ambiguous_interval|usage|The clocks went back, and the hour named came twice|Name one of the two by its offset, as in 2026-10-25T02+0200
    # Job files
    ambiguous_job|config|Two job files have the same name|Change `job:` in one of them
    after_circle|validation|A job waits for itself under `after`, perhaps by way of others|Take a job out of an `after`
    ambiguous_call|validation|A call or an operator could mean several functions|Cast an argument, for example x::numeric
    bad_chunk|validation|The source cannot be cut as `chunk` says|Leave `chunk` out: `auto` picks a way and `tidemark plan` says why
    bad_duration|validation|A length of time cannot be read|Write it like 45m, 2h30m or 3d
    bad_expression|validation|An expression cannot be read|The caret shows where; the language is that of SQL scalar expressions (docs/jobs.md)
    bad_field|validation|There is no such field of a date, time or interval|Take one such as year, month, day, hour, dow or epoch
    bad_identifier|validation|A name cannot be a name in Postgres|Names have 1 to 63 bytes and no NUL; a table has no column named as Postgres's own, such as `xmin` or `ctid`
    bad_literal|validation|A literal cannot be read as its type|Write a value as Postgres reads one of that type
    bad_lookup|validation|The columns of a lookup are not known|Correct its table, query or file, which other faults name
    bad_name|validation|A name has characters that it may not have|Use letters, digits, `-` and `_`
    bad_path|validation|The path of an output file, or one into JSON, cannot be used|Write an output path relative and without empty parts or `..`, one into JSON like `$.a.b[0]`
    bad_pattern|validation|A date pattern or regular expression cannot be read|The sentence says which part
    bad_percent|validation|A percentage cannot be read|Write it like 0.1%
    bad_reference|validation|A `${...}` cannot be read|Close it with `}`; write `$${` for the text itself
    bad_sql_text|validation|SQL or an expression holds something that is not closed, or means nothing|The caret shows where it begins
    bad_size|validation|A size cannot be read|Write it like 512MB or 1GiB
    bad_time|validation|A time cannot be read|Write a time of day like "06:00", a moment like 2026-12-31T23:00:00+01:00
    bad_timezone|validation|The text is no time zone|Write an IANA name like Europe/Berlin or UTC
    bad_type|validation|The type is not one that can stand here|Write a type as Postgres names it, for example numeric(18,2)
    bad_value|validation|A key has a value that it does not take|docs/jobs.md says what each key takes
    bad_window|validation|The interval cannot be replaced by this column|`window` must be a date or timestamp column; dates need intervals of whole days, and a timestamp without time zone cannot tell an hour apart that clocks show twice
    conflicting_keys|validation|Two keys exclude each other|Keep one of them
    constant_fault|validation|An expression, or a part of it, fails whatever the row holds|Correct it: the sentence says what fails
    cycle|validation|Derived columns use each other in a circle|Break the circle
    date_of_part_day|validation|A date of the interval is wanted, and the interval is not whole days|Use `${interval.start}` or `${interval.start_local}`, or give the job `interval: {span: day}`
    duplicate_column|validation|The result or source would have two columns of one name|Give one of them another name
    duplicate_key|validation|A key stands twice in one mapping|Remove one: YAML would silently take the last
    duplicate_name|validation|Two things of one kind have the same name|Rename one
    empty_list|validation|A list has no entries|Give at least one, or leave the key out
    empty_text|validation|A text is empty, or holds nothing but blanks|Write something, or leave the key out
    every_period|validation|`every:` does not fit into a day|Write a length that divides a day, such as 15m or 6h; or a cron expression
    invalid_date|validation|The text is no date|Write it as 2026-12-25
    matrix_without_scope|validation|Each matrix row would delete what the others have stored|Give the table a `scope`, for example {tenant: "${matrix.tenant}"}
    missing_key|validation|A key that is needed is missing|Write it; docs/jobs.md says what it takes
    no_columns|validation|The source's query gives no columns|Select at least one
    no_interval|validation|Something in the job needs an interval, and it has none|Give it `interval: {span: day}` or a schedule
    no_schema|validation|The target names no schema and its connection has none to look in|Write `schema.table`, or set `search_path` under the connection
    no_table_store|validation|The job stores into no table that could be verified|`tidemark results RUN` shows what its files hold
    not_aggregate|validation|An aggregate stands where there is none to be, or a column outside of one|Put the aggregate under `measures`, the column into `group_by` or into an aggregate
    not_in_sql|validation|The job does something that has no exact words in SQL, so `verify` cannot ask Postgres for it|Hold the published table to a query of your own; docs/jobs.md and docs/differences.md say how things are defined here
    not_yet|validation|The word is reserved and does not work yet|Leave it out
    out_of_range|validation|A number is outside of what is allowed|The sentence gives the bounds
    reference_in_quotes|validation|A reference stands within quotes of SQL|Take the quotes off: a reference becomes a whole, typed literal
    reference_refused|validation|This kind of reference may not stand here|The table of references in docs/jobs.md says what may stand where
    refused_function|validation|The function would give different chunks different answers, or cannot be reproduced exactly|Use `${fire.time}` for the time; put others into `add_columns`, computed by Postgres
    refused_reference|validation|Secrets and files may not stand in SQL or expressions|Pass the value as a parameter
    refused_sql|validation|The SQL holds something that cannot be made part of a larger statement|No `;`, no LIMIT without ORDER BY, balanced brackets
    replay_append|validation|A table under mode `append` takes no replay of rejected rows|Use merge, replace or replace_window; or run the interval with --again
    replay_misfit|validation|The rows in quarantine lack a column that the job uses now, or the job aggregates otherwise, or under another key of `pseudonymise`, than its run did|Run the interval with --again: it reads the source anew
    result_misfit|validation|The job aggregates otherwise than the run did, so its partials cannot be read|Look at it with the job file as it was, or read the published table
    secret_in_file|validation|A secret is written out in a file|Write ${env.NAME}, ${file:path} or ${credential.NAME} instead
    select_required|validation|A job without `aggregate` must say which columns are its result|End `process` with a `select`
    source_mismatch|validation|A column has different types in two sources|Cast one of them in its query
    target_misfit|validation|The result does not fit the target table, or a file has no form for it|The sentence names the column; change the job or the table
    too_deep|validation|An expression is nested too deep|Take a part of it out into `derive`
    too_long|validation|A text is longer than is taken|Shorten it, or put it into a view
    too_many_grouping_sets|validation|There are more grouping sets than can be counted|List the sets that are needed
    unbalanced|validation|A parenthesis of SQL is not closed, or closes nothing|Close it, or take it out; one in a text stands within quotes
    type_mismatch|validation|An expression has a type that does not fit its place|Cast it, for example x::numeric
    unavailable_reference|validation|The reference has no value for this job|The sentence says why, for example that the job has no interval
    uneven_matrix|validation|The rows of a matrix have different keys|Give every row the same keys
    unknown_column|validation|There is no column of that name at this place|`tidemark plan JOB` shows the columns
    unknown_connection|validation|There is no connection of that name|Name it under `connections:` in tidemark.yaml
    unknown_connection|config|There is no connection of that name|Name it under `connections:` in tidemark.yaml
    unknown_function|validation|There is no function of that name, or not for these types|Put it into `add_columns` to have Postgres compute it
    unknown_key|validation|There is no such key at this place|Take it out; keys of your own begin with `x-`
    unknown_notifier|validation|There is no notifier of that name|Name it under `notifiers:` in tidemark.yaml
    unknown_notifier|config|There is no notifier of that name any more, or nobody under the job's `notify` whom the notice is for|Name it under `notifiers:` in tidemark.yaml, or put the item back into the job file
    unknown_pool|validation|There is no pool of that name|Name it under `pools:` in tidemark.yaml
    unknown_reference|validation|There is no such reference|docs/jobs.md lists the references
    unknown_type|validation|There is no type of that name|Write it as Postgres does
    unsafe_path|validation|The output path leads out of the output folder, through a link, or to something that is no file|Keep it under `output:` of tidemark.yaml
    unsupported|validation|The expression uses something that is not taken here|Let Postgres compute it, under `source.add_columns`
    unsupported_aggregate|validation|The aggregate cannot be used like this|The sentence says how it can
    unused_parameter|validation|A warning: nothing uses the parameter|Use it or remove it
    wrong_type|validation|A value is of another kind than the key takes|The sentence says which kind it takes
    yaml_alias|validation|An alias stands inside what it names|Break the circle
    yaml_bytes|validation|The file holds bytes that are no text, or a character that cannot be seen|Save it as UTF-8, without the character
    yaml_comma|validation|Inside `{ }` and `[ ]` a comma has cut a value in two|Put the value into quotes
    yaml_documents|validation|The file holds a second YAML document|Keep one document a file
    yaml_empty|validation|The file is empty|Write a job into it
    yaml_key|validation|A key is not a text|Write a plain word
    yaml_merge|validation|`<<` takes a mapping or a list of mappings|Name an anchor of a mapping
    yaml_not_utf8|validation|The file is not UTF-8|Save it as UTF-8
    yaml_syntax|validation|The file is not valid YAML|The caret shows where reading stopped; the mistake may stand just before
    yaml_tab|validation|A tab stands where YAML takes only spaces|Indent with spaces
    yaml_tag|validation|A YAML tag means nothing here|Remove it
    yaml_too_big|validation|A text in the file is longer than is taken|Shorten it
    yaml_too_deep|validation|The file is nested too deep|Flatten it
    yaml_too_many|validation|The file holds too many values once aliases are resolved|Use fewer aliases
    yaml_unquoted_star|validation|A value that begins with `*` is an alias to YAML|Put it into quotes: "*/5 * * * *"
    cron_duration|validation|What stands behind `@every` is no length of time|Write it like @every 90s or @every 1h30m
    cron_fields|validation|A cron expression has too few or too many fields|Write five: minute, hour, day of month, month, day of week; or six, with seconds first
    cron_name|validation|A word in a cron field is no name of a month or day|Write JAN to DEC, or SUN to SAT
    cron_never|validation|The schedule names no time that ever comes, such as 30 February|Correct the day or the month
    cron_range|validation|A range in a cron field runs backwards|Write the smaller end first; days of the week and months may wrap
    cron_step|validation|A step in a cron field never moves on|Write a step from 1 up to the field's length
    cron_syntax|validation|A cron field cannot be read|`tidemark schedule next EXPR --explain` says what an expression means
    cron_value|validation|A number in a cron field is out of its bounds|The sentence gives them
    # Configuration, files and secrets
    address_refused|config|Notices are not sent to link-local or cloud metadata addresses|Use another address
    service_cannot_read|config|A warning: the user of a service cannot read a file of the project|`chmod o+rX` what is named, or `systemd install --run-as USER`
    service_lacks_variable|config|A warning: the project's files use variables that the service does not have|`systemctl edit UNIT`: Environment=NAME=VALUE; secrets by ${credential.NAME}
    libpq_too_old|config|A connection string has a keyword that this machine's libpq does not know; `validate` only warns of it|Run it where libpq is newer, or leave the keyword out
    bad_connection_string|config|libpq cannot read the connection string|Write a URI, key=value pairs or service=NAME
    bad_csv|data|A CSV file of a lookup cannot be read|The sentence says which line
    bad_header|config|A webhook header has a character that it may not have|Correct it in the notifier
    bad_json|data|A JSON text cannot be read|The sentence says at which byte
    bad_mail_address|config|A mail address cannot be used, or there is none|Correct `to:` or `from:`
    bad_mail_server|config|The mail server's URL cannot be used|Write smtp://host:587 or smtps://host
    bad_secret_file|config|A file with a secret cannot be used|It must hold one line of text in UTF-8
    bad_time_zone_file|resource|The system's file of a time zone cannot be read|Install tzdata, or reinstall it
    bad_state|config|The state's address is of no kind that there is|Name a SQLite file, or a database as postgres://...
    bad_webhook_url|config|The webhook's URL cannot be used|Write an https:// URL
    file_exists|conflict|A file that must not be replaced is there already|Move it away; or allow it with `if_exists` of the store
    file_missing|not_found|There is no such file|Check the path; it is relative to the project
    file_not_found|not_found|There is no such file or folder|Check the path; it is relative to the project
    file_permission|auth|The system does not let Tidemark at a file|Check the owner and the mode of the file and of its folders
    file_too_big|validation|The file is larger than is read|Make it smaller
    file_too_large|validation|The file is larger than is read|Make it smaller, or put its data into a table
    file_unreadable|not_found|The file cannot be read|Check its permissions
    file_unsafe|validation|Others may write the file, and this is root|chmod go-w it, or run as its owner
    lookup_type|config|The lookup's key and the row's column have different types|Cast one of them
    no_demo|not_found|The demo's data is not here|Run the demo from a checkout of Tidemark
    demo_server_failed|resource|The demo's server does not start, or does not end|The cause is what it said
    no_postgres_server|resource|Postgres's server programs are not on this machine|apt install postgresql, or set the path to its bin folder in PATH
    no_project|config|There is no project here|Go to the folder with tidemark.yaml, name it with --project, or make one with `tidemark init`
    no_server_user|resource|Postgres refuses to run as root, and there is no other user|Create a user `postgres`, or run as an ordinary user
    no_such_command|config|The notifier's command does not exist|Give its full path
    shared_key|data|Several rows of a result have the key that `merge` goes by|Name under `key` what tells rows apart, or keep one row of each
    not_a_file|validation|The path is a folder, a pipe or something else that is no file|Name a file
    reference_not_allowed|config|The reference is known only within a run|Use env, file or credential here
    too_few_connections|config|`max_connections` is less than one run needs|Raise it to 3 or more
    unknown_credential|config|The credential is not there|Name it with LoadCredential= in the systemd unit; or set CREDENTIALS_DIRECTORY
    interrupted_call|resource|A call of the system was interrupted|Run the same command again
    read_only|resource|The file system is mounted read-only|Mount it for writing, or set the folder elsewhere
    symbolic_link|validation|A symbolic link stands where none is followed|Name the file or folder itself
    too_many_files|resource|The process has too many files open|Raise the limit on open files (`ulimit -n`, `LimitNOFILE=`)
    unknown_code|not_found|There is no fault of that code|`tidemark explain` lists the codes
    unknown_job|not_found|There is no job of that name|`tidemark validate` lists the files that are read
    unknown_time_zone|config|The system has no such time zone|Write an IANA name like Europe/Berlin, or install tzdata
    unset_variable|config|The environment variable is not set|Set it, or write ${env.NAME:-default}
    # Databases
    already_exists|validation|Something of that name exists already|Use another name
    another_server|connection|The connection reaches different servers at different times|Connect to one server, not to a balancer over several
    cannot_connect|connection|The server cannot be reached|Check that it runs, listens there, and that the network lets the connection through
    cardinality|data|A subquery gave more than one row|Correct the query
    commit_unknown|connection|The connection was lost over a COMMIT|Run the same command again: the ledger knows whether it committed
    connection_limit|resource|All connections that the entry may have are in use|Wait, lower `parallelism`, or raise `max_connections`
    connection_lost|connection|The connection was lost|Run the same command again; finished chunks are kept
    constraint_violation|data|A row breaks a constraint of its table|The cause names the constraint
    copy_interrupted|resource|The server interrupted a COPY|Run the same command again
    ddl_waiting|resource|A schema change waits for a table that is read|The run makes way and begins anew behind it; run it again when the change is through
    login_refused|auth|The server refuses the login|Check role and password; passwords belong into ~/.pgpass or ${env.NAME}
    malformed_copy|data|The server's COPY data cannot be read|Report it, with the server's version and the columns' types
    missing_privilege|auth|The role lacks a privilege|The cause names what to GRANT; `tidemark grants --role ROLE` prints what the ledger needs
    no_ledger|auth|The publication ledger is missing, and the role may not make it|`tidemark grants --role ROLE` prints what an administrator runs once
    no_privilege|auth|The role may not select from a table of the source|GRANT SELECT on it
    lock_held|resource|A lock was waited for as long as `errors.retry.give_up_after` allows|See in pg_stat_activity what the process named does, end it where it hangs, and run the same command again
    object_in_use|resource|Another session uses the object|It is tried again
    read_only_server|config|The server takes no writes|Publish to the primary
    server_out_of_resources|resource|The server is short of resources|Look at its log and its disk
    snapshot_too_old|resource|The snapshot is too old for the server|Read in fewer or faster chunks
    source_altered|resource|A source was altered between the run's plan and its snapshot|It is planned anew; run it again when the changes are through
    tls_refused|connection|The encrypted connection was refused|Check sslmode and the certificates
    too_many_connections|resource|The server has no connection to spare|Lower `parallelism`, or raise max_connections there
    transaction_rolled_back|resource|Postgres rolled a transaction back, or answered a COMMIT with ROLLBACK|Run the same command again; its log says which statement failed before
    trigger_behind_pooler|config|A trigger is to listen through a pooler that shares sessions|Under `trigger` name a connection to the server itself
    truncated_copy|connection|The COPY stream ended in the middle|Run the same command again
    unexpected_copy|validation|A COPY cannot stand there|Use a SELECT
    unknown_database|connection|The database does not exist|Correct the connection string
    unknown_schema|not_found|The schema does not exist|Correct its name
    unknown_table|not_found|The table does not exist|Correct its name or its schema; `create: true` makes targets
    # Rows, by the SQLSTATE that Postgres has for the same
    22001|data|A row's text is too long for the type it is assigned to|Declare a longer type, or cut the text: `left(x, n)`
    22003|data|A row's number is out of the range of its type|Cast to a larger type, or filter or quarantine such rows
    22007|data|A row's text is no date or time|Mend the data, or let `on_fail` keep such rows aside
    22008|data|A row's date or time is out of range|Mend the data, or let `on_fail` keep such rows aside
    22009|data|A row's offset from UTC is out of range|Mend the data, or let `on_fail` keep such rows aside
    22011|data|A row asks for a text of negative length|Guard the length, for example by `greatest(n, 0)`
    22012|data|A row divides by zero|Write the divisor as `nullif(x, 0)`, or filter or quarantine such rows
    22015|data|A row's interval is out of range|Mend the data, or let `on_fail` keep such rows aside
    2201E|data|A row takes the logarithm of zero or of a negative number|Guard the argument, or filter such rows
    2201F|data|A row takes a root or power that does not exist|Guard the argument, or filter such rows
    2201G|data|A row's arguments of `width_bucket` cannot be used|The bounds must differ and be finite, the count be above 0
    22023|data|A row gives a function an argument that it cannot work with|The cause says which
    22025|data|A row's LIKE pattern ends in its escape character|Write the pattern's escape twice
    22P02|data|A row's text cannot be read as the type|Use a `parse` step with `on_fail: quarantine`, or mend the data
    22P03|data|A value came in a form that its type does not have|Report it, with the versions of Tidemark and Postgres
    22P05|data|A row's JSON text holds `\u0000`, which no text can|Replace it in the source, or use `on_fail: quarantine`
    # Runs
    aggregate_fault|data|An aggregate cannot be computed for a row, for instance for a division by zero|Correct the expression or filter such rows; nothing was published
    bad_plan|data|What the state holds of the run's plan cannot be read, or another version of Tidemark wrote it|`tidemark state check`; run with --again to plan anew
    batch_too_large|resource|A step makes more than 2 GiB of text of one batch of rows|Make shorter texts, or let Postgres compute them, under `source.add_columns`
    block_too_large|data|A row or a group is larger than what the state stores in one piece|Leave such a value out, or cut it in `add_columns`
    cancelled|interrupted|Somebody cancelled the run|`tidemark show RUN` says who and why; `tidemark run JOB` starts a new one
    check_failed|check|The result failed a check, so it was not published|Correct the data or the check, then `tidemark resume RUN`
    check_fault|data|A check cannot be computed for a result row|Correct its expression
    check_too_large|resource|A check needs more memory than it may take|Check fewer groups
    damaged_block|data|A stored block is damaged|`tidemark state check`; run the interval with --again
    disk_full|resource|There is no room left|Free some; then `tidemark resume RUN`
    output_gone|resource|What was written for a file was removed before it got its name|Leave `.*.tmp` files alone while runs are at work; run again
    empty_result|check|The result has no rows, and the table was to be left as it is then|If that is right set `on_empty: publish` or `keep`
    fenced|conflict|Another process has taken the run over|Nothing more is written by this one; `tidemark show RUN` names the owner
    already_committed|conflict|The run has published into the store already|Run the same command again: it goes on behind that
    foreign_block|data|A stored block was made for another layout|Run the interval with --again
    held|conflict|Another process works on the run|Wait: it goes on by itself; `tidemark status` shows it
    identity_too_long|validation|The parameters make an identity that no index takes|Pass long values in a file or table
    illegal_move|conflict|The run cannot go from its state to another|After its first commit a run goes by what was saved: resume it, then run --again; or give up the rest with `cancel --partial`
    interrupted|interrupted|The run was stopped, and can be gone on with|Run the same command again
    invalid_utf8|data|A column holds text that is not UTF-8|Mend the data
    invalid_text|data|A step cannot read a row's text under `on_fail: fail`|Mend the data, or set `on_fail: quarantine` to keep such rows aside
    list_too_long|resource|A group's list is longer than is allowed|Aggregate something shorter, or raise its stated limit
    out_of_range|data|An aggregate's result is out of the range of its type|Cast its argument to numeric
    lookup_duplicate_key|data|The lookup has two rows of one key|Make it unique, or set `on_duplicate: first`
    lookup_missing|data|A row found nothing in a lookup|Add the missing row, or set `on_missing`
    lookup_too_large|resource|The lookup holds more than it may|Raise `max_rows`, or join in the source's query
    no_receipt|not_found|The run has no receipt yet|`tidemark show RUN` says where it stands
    no_state|not_found|There is no state yet where one would lie|Run something first, or name another place by --state
    clock_put_back|conflict|A warning: the ledger of a job goes further than the clock, so that no fire of it comes for a while|Compare the clocks of the hosts; `tidemark backfill --only all` makes again what was made ahead of its time; a job of another name (`job:`) does not wait
    matrix_renamed|data|A warning: the rows of a matrix query are named by another column than before, and begin anew|Let the column that is meant come first in the alphabet: `SELECT tenant AS a_tenant, factor`
    schedule_contested|conflict|A warning: two hosts put their own schedule of a job in the place of the other's|Bring both hosts to the same files: the job, the files of its `except`, tidemark.yaml
    no_such_fire|not_found|The ledger has no fire at that time|`tidemark schedule ledger JOB` lists them
    no_such_notice|not_found|No notice of that id has given up|`tidemark notices list --only gave_up`
    no_such_run|not_found|There is no such run|`tidemark history` lists runs
    not_ready|resource|The source was not ready in time|Run it later, or raise `within` of `wait_for`
    not_succeeded|conflict|The run has not succeeded, which the command needs|`tidemark resume RUN` goes on with it
    older_interval|conflict|Mode `replace` would put an older interval over a newer one|--force, if that is meant
    out_of_memory|resource|There is no memory left|Lower `limits.memory` or `parallelism`
    outside_scope|check|A result row lies outside of the `scope` of its store|Filter the source by it, or take the column out of `scope`
    outside_window|check|A result row lies outside of the window that is replaced|Filter the source by ${window.start} and ${window.end}
    overtaken|conflict|Another run of the job has published rows of the same time that were read later|Run it again: it reads again; a replay is given up with `tidemark cancel`
    partials_purged|not_found|The run's partials are not kept any more|`retention.runs` says how long; run the interval with --again
    plan_too_large|resource|The plan has too many chunks|Make larger chunks
    published_by_another|conflict|Another run has published for this interval: another result, into another table, or chunk by chunk|Look at both; --again puts this one in its place
    quarantine_limit|quarantine|More rows were rejected than `errors.quarantine` allows, so nothing was published|`tidemark quarantine show RUN`; mend the data or the job, then `tidemark resume RUN`
    replaced_run|conflict|A newer revision has taken the run's place|Name the newer run
    rule_failed|data|A row broke a rule under `on_fail: fail`|Mend the data, or set `on_fail: quarantine` to keep such rows aside
    target_gone|validation|The table that holds the chunks that a run has published is not there any more|Put it back and run again; or cancel the run: the next one takes its place
    source_changed|validation|The source, a lookup or the job has changed since the run began to publish|Undo the change and run again; or cancel the run: the next one takes its place
    spill_folder_taken|conflict|The run's scratch folder is in use|Another process works on the run
    timeout|resource|The run took longer than `limits.timeout`|Run the same command again: it goes on
    too_many_deletes|check|Publishing would delete more rows than `max_delete` allows, and not put them back|Raise it if that many are meant
    too_many_rows|resource|The results are too large to be compared in memory|Compare in SQL, or a shorter interval
    undecided|connection|A run that no longer fits its job may have published, and a target that knows cannot be asked|Nothing at once: the next tick asks again; `tidemark resume RUN` finishes the run or ends it
    unfinished_run|conflict|Another run of the interval is not finished|Resume or cancel that one first
    # The state store
    state_behind_pooler|config|The state's database is behind a pooler that shares sessions|Connect to the server itself
    state_busy|conflict|Another process is writing the state|Try again; one that hangs shows in `ps`
    state_in_use|conflict|A state file of an older Tidemark cannot be compacted while a run goes on|Compact it when no run goes on; from then on nobody is held up by it
    unit_not_ours|conflict|A unit file was written by somebody else, or changed since Tidemark wrote it|Put own settings into UNIT.d/*.conf; `--force` replaces the file
    state_damaged|data|The state file is damaged|`tidemark state check`; put a backup in its place: nothing can be published twice
    state_encoding|config|The state's database is not UTF-8|Make one with ENCODING UTF8
    state_exposed|auth|Others can read the state, and it is not yours to protect|chmod 600 it as its owner
    state_foreign|config|The file or schema is not a Tidemark state|Name another with --state
    state_moved|config|The state's place has changed|Start the command again
    state_moved|resource|The state was removed or replaced while it was in use|Start the command again: nothing is published twice
    state_newer|config|The state was made by a newer Tidemark|Use that version
    state_no_wal|config|The state's file system takes no write-ahead logging|Put it on a local disk
    state_read_only|auth|The state cannot be written|Check the permissions of the file and its folder
    state_unopenable|not_found|The state cannot be opened|Check the path and permissions
    state_unreadable|data|A record of the state cannot be read|`tidemark state check`
    matrix_rows|data|The query of a matrix gives two equal rows, or more rows than a job may have|Write SELECT DISTINCT, or leave rows out of the query
    matrix_cell|data|A row of a matrix query has a NULL|Leave such rows out of the query, or give them a value by coalesce()
    io_error|resource|The disk fails|Look at the system's log
    # Notices and processes
    address_limit|resource|The process may have too few addresses|Raise `ulimit -v`; limit memory by a cgroup (`MemoryMax=`)
    cannot_start|resource|A program cannot be started|Check that it is there and executable
    command_failed|resource|The notifier's command failed|Run it by hand; `tidemark notices retry ID`
    command_timeout|resource|The notifier's command took too long|Make it faster or raise its `timeout`
    mail_partly_refused|config|The mail server took the mail for some of its recipients only|Who was refused with 4xx is tried again; correct the other recipients that the sentence names
    mail_refused|config|The mail server refused the mail|The sentence gives its answer
    mail_unavailable|connection|The mail server cannot be reached|It is tried again
    no_hash|resource|OpenSSL does not offer SHA-256, or there is no memory for it|Look at the OpenSSL configuration (`openssl list -digest-algorithms`), or free memory
    no_thread|resource|The system refuses one more thread|Raise the limit of processes
    webhook_redirects|config|The webhook redirects, which is not followed|Write the final URL
    webhook_refused|config|The webhook's receiver refused the notice|The sentence gives its answer
    webhook_unavailable|connection|The webhook's receiver is not available|It is tried again
    webhook_unreachable|connection|The webhook's receiver cannot be reached|It is tried again
    # Faults of Tidemark
    internal|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    bad_statement|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    compression|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    chunks_missing|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    lookup_not_loaded|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    nested_transaction|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    no_chunk|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    no_result|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    no_snapshot|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    not_a_copy|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    not_compilable|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    not_prepared|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    planner_misused|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    other_identity|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    result_changed|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    state_closed|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    state_constraint|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    state_error|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    unexpected_result|internal|A fault of Tidemark|Please report it, with the output and `tidemark version`
    """#
}
