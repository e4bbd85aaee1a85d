-- What was found in files stays known when their bytes are gone. An expansion: earlier programs go on beside it.
-- serves from schema 1 on

CREATE TABLE file_verdict (
  sha256 bytea PRIMARY KEY,
  finding text NOT NULL,                                -- never empty
  at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO file_verdict (sha256, finding) SELECT sha256, finding FROM file_body WHERE sha256 IS NOT NULL AND finding <> '';

-- Null where an earlier program removed it: the collector writes when it saw that.
ALTER TABLE file ADD COLUMN removed_at timestamptz(3);
CREATE INDEX file_removed ON file (removed_at) WHERE state = 'removed';

-- Hash of what is posted, as in repeat: it holds the file's id. IF NOT EXISTS: for a while it was made with the table.
ALTER TABLE file ADD COLUMN IF NOT EXISTS content bytea;
