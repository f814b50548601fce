-- What the types with the numbers in $1 and the modifiers in $2 (arrays of one length) are.
SELECT
  t.oid,
  asked.modifier,
  t.typtype = 'e' AS is_enum,
  quote_ident(n.nspname) || '.' || quote_ident(t.typname) AS qualified_type,
  -- With -1 for no modifier: NULL would print `bit` and `character[]`, which a column would take for one of length 1.
  format_type(t.oid, -1) AS type_text,
  CASE WHEN asked.modifier >= 0 THEN format_type(t.oid, asked.modifier) END AS declared
FROM unnest($1::oid[], $2::integer[]) AS asked (oid, modifier)
  JOIN pg_type AS t ON t.oid = asked.oid
  JOIN pg_namespace AS n ON n.oid = t.typnamespace
