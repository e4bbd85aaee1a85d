-- Principals from elsewhere. An expansion: earlier programs go on beside it.
-- serves from schema 1 on

-- Where a principal comes from: empty for those that were made here, else the name of a source (LDAP, OpenID provider, SCIM client),
-- with the id that it gave, which outlives renames and moves.
ALTER TABLE principal
  ADD COLUMN source text NOT NULL DEFAULT '',
  ADD COLUMN external_id text,
  ADD COLUMN disabled_by text CHECK (disabled_by IN ('administrator', 'source')),   -- who disabled him; the source enables only whom it disabled
  ADD COLUMN gone_at timestamptz(3);                                                -- the source has him no more
CREATE UNIQUE INDEX principal_external ON principal (source, external_id) WHERE external_id IS NOT NULL;
