/// The files of a new project.
enum InitFiles {
  static func project(named name: String) -> String {
    """
    version: 1
    project: \(name)

    # Any libpq connection string: postgresql://user@host/database, or host=... dbname=..., or service=NAME.
    # Passwords stay out of this file: put them into ~/.pgpass, or write ${env.NAME} or ${file:secrets/name}.
    # Where DATABASE is not set, libpq's own variables count: PGHOST, PGDATABASE, PGUSER.
    connections:
      main: "${env.DATABASE:-connect_timeout=10}"

    # What jobs say themselves goes before these.
    defaults:
      timezone: UTC

    """
  }

  static let job = """
    # How much room each schema takes. It reads only Postgres's own catalogue, so it runs anywhere; put your
    # own table and measures in its place. docs/jobs.md explains every key.
    version: 1
    description: Relations and bytes per schema

    source:
      connection: main
      query: |
        SELECT n.nspname::text AS schema, c.relkind::text AS kind, pg_relation_size(c.oid) AS bytes
        FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      chunk: {by: none}
      # your own:  table: shop.orders
      #            where: ordered_at >= ${interval.start} AND ordered_at < ${interval.end}

    process:
      - filter: kind IN ('r', 'm', 'i', 'p')       # tables, materialised views, indexes
      - derive: {megabytes: "bytes / 1048576.0"}

    aggregate:
      group_by: [schema]
      measures:
        relations: count(*)
        tables: count(*) filter (where kind IN ('r', 'p'))
        megabytes: round(sum(megabytes), 2)

    checks:
      - {name: not empty, expect: "count(*) > 0", severity: error}

    store:
      - file: {path: relation-sizes.csv}           # under out/
      # a table of your own:
      # - table: {connection: main, name: reporting.relation_sizes, mode: replace, create: true}

    # every night at 2:15, for the day before:
    # interval: {span: day}
    # schedule: "15 2 * * *"
    # notify: [{events: [failure], command: [logger, -t, tidemark]}]

    """

  static let ignored = """
    .tidemark/
    out/
    secrets/

    """
}
