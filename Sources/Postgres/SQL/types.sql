-- What the types with the numbers in $1 and the modifiers in $2 (arrays of one length) are. A name that is not one of
-- Postgres's own has its schema, whichever schemas the session looks into: it is to mean the same in another one.
SELECT
  t.oid,
  asked.modifier,
  t.typtype = 'e' AS is_enum,
  coalesce(own.name || substr(printed.plain, own.past), printed.plain) AS name,
  coalesce(own.name || substr(printed.declared, own.past), printed.declared) AS declared
FROM unnest($1::oid[], $2::integer[]) AS asked (oid, modifier)
  JOIN pg_type AS t ON t.oid = asked.oid
  CROSS JOIN LATERAL (
    SELECT
      -- With -1 for no modifier: NULL would print `bit` and `character[]`, which a column would take for one of length 1.
      format_type(t.oid, -1) AS plain,
      CASE WHEN asked.modifier >= 0 THEN format_type(t.oid, asked.modifier) END AS declared
  ) AS printed
  -- Of an array what it is made of, whose name stands at the beginning of its own.
  JOIN pg_type AS e ON e.oid = CASE WHEN printed.plain LIKE '%[]' THEN t.typelem ELSE t.oid END
  LEFT JOIN pg_namespace AS n ON n.oid = e.typnamespace AND n.nspname <> 'pg_catalog'
  CROSS JOIN LATERAL (
    SELECT quote_ident(n.nspname) || '.' || quote_ident(e.typname) AS name, length(format_type(e.oid, -1)) + 1 AS past
  ) AS own
