-- The columns of relation $1 in their order. A domain is followed down to the type it is made of,
-- which is what travels to the client.
WITH RECURSIVE base AS (
  SELECT a.attnum, a.atttypid AS type, a.atttypmod AS modifier
  FROM pg_attribute AS a
  WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT b.attnum, t.typbasetype, coalesce(nullif(t.typtypmod, -1), b.modifier)
  FROM base AS b
    JOIN pg_type AS t ON t.oid = b.type AND t.typtype = 'd'
)
SELECT
  a.attname AS name,
  t.oid AS type,
  b.modifier AS modifier,
  format_type(t.oid, b.modifier) AS declared,
  -- A foreign table's NOT NULL is a claim that nobody checks, and so is one added as NOT VALID.
  a.attnotnull AND c.relkind <> 'f' AND NOT EXISTS (
    SELECT FROM pg_constraint AS k
    WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated AND a.attnum = ANY (k.conkey)
  ) AS is_not_null,
  -- NULL for a type without collation.
  o.collisdeterministic AS is_deterministic,
  a.attgenerated <> '' OR a.attidentity = 'a' AS is_generated,
  a.atthasdef OR a.attidentity <> '' AS has_default
FROM base AS b
  JOIN pg_attribute AS a ON a.attrelid = $1::oid AND a.attnum = b.attnum
  JOIN pg_class AS c ON c.oid = a.attrelid
  JOIN pg_type AS t ON t.oid = b.type AND t.typtype <> 'd'
  LEFT JOIN pg_collation AS o ON o.oid = a.attcollation
ORDER BY a.attnum
