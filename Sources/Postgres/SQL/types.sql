-- What the types with the numbers in $1 (an array) are.
SELECT
  t.oid,
  t.typtype = 'e' AS is_enum,
  quote_ident(n.nspname) || '.' || quote_ident(t.typname) AS qualified_type,
  -- With -1 for no modifier: NULL would print `bit` and `character[]`, which a column would take for one of length 1.
  format_type(t.oid, -1) AS type_text
FROM pg_type AS t
  JOIN pg_namespace AS n ON n.oid = t.typnamespace
WHERE t.oid = ANY ($1::oid[])
