-- Front End Servers beside the servers of a pool, and tickets that lead from them to one. An expansion: earlier programs go on beside it.
-- serves from schema 1 on

-- A process that serves sign-in, web services and files, and no live sessions: it is none of the pool's servers, and is told to nobody as one.
CREATE TABLE front_end_process (
  id uuid PRIMARY KEY,
  server text NOT NULL,
  url text NOT NULL,                                    -- address for browsers and programs
  program text NOT NULL,                                -- version of the program
  schema int NOT NULL,                                  -- the newest that the program knows
  takes_files boolean NOT NULL,
  draining boolean NOT NULL DEFAULT false,
  records bigint NOT NULL DEFAULT 0,                    -- as in server_process
  started_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  beat_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

-- Lets a page of a Front End Server open one live session at another host, where its cookie does not go. Taken once.
CREATE TABLE live_ticket (
  token_hash bytea PRIMARY KEY,
  session uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  origin text NOT NULL,                                 -- of the page that asked for it
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX live_ticket_session ON live_ticket (session);
CREATE INDEX live_ticket_expires ON live_ticket (expires_at);
