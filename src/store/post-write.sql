WITH post AS (
  SELECT * FROM unnest($1::uuid[], $2::int[], $3::uuid[], $4::uuid[], $5::bytea[], $6::text[], $7::boolean[], $8::text[], $9::text[], $10::jsonb[], $11::boolean[])
         AS t (room, nth, author, client_id, content, format, alert, title, text, file, kept)
), n AS (
  SELECT room, max(nth) AS n FROM post GROUP BY room
), raised AS (
  UPDATE room_head h
     SET last_seq = h.last_seq + n.n,
         -- the store's clock, not now(): the locks were waited for
         last_at = greatest(date_trunc('milliseconds', clock_timestamp()), h.last_at)
    FROM n WHERE h.room = n.room
  RETURNING h.room, h.last_seq - n.n AS base, h.last_seq AS top, h.last_at AS at
), numbered AS MATERIALIZED (
  SELECT p.*, r.base + p.nth AS seq, r.at FROM post p JOIN raised r USING (room)
), kept AS (
  INSERT INTO message (room, seq, author, client_id, at, format, alert, title, text, file)
  SELECT room, seq, author, client_id, at, format, alert, title, text, file FROM numbered WHERE kept
), passing AS (
  INSERT INTO passing_message (room, seq, author, client_id, at, format, alert, title, text, file)
  SELECT room, seq, author, client_id, at, format, alert, title, text, file FROM numbered WHERE NOT kept
), repeats AS (
  INSERT INTO repeat (room, author, client_id, seq, at, content) SELECT room, author, client_id, seq, at, content FROM numbered
), changes AS (
  INSERT INTO change (kind, subject, from_seq, through_seq) SELECT 'post', room, base + 1, top FROM raised
), authors AS MATERIALIZED (
  SELECT id, actor FROM recorded_actors($3) WHERE (SELECT recording FROM pool)
), places AS MATERIALIZED (
  SELECT id, room AS place FROM recorded_rooms($1) WHERE (SELECT recording FROM pool)
), recorded AS (
  INSERT INTO outbox (at, kind, room, position, data)
  SELECT n.at, 'chat', n.room, n.seq, json_build_object('actor', a.actor, 'room', p.place,
         'text', n.text, 'format', n.format, 'alert', n.alert, 'title', n.title, 'clientId', n.client_id, 'kept', n.kept,
         'file', CASE WHEN n.file IS NOT NULL THEN n.file || jsonb_build_object('sha256',
           (SELECT encode(b.sha256, 'hex') FROM file f JOIN file_body b ON b.id = f.body WHERE f.id = (n.file->>'id')::uuid)) END)
    FROM numbered n LEFT JOIN authors a ON a.id = n.author LEFT JOIN places p ON p.id = n.room WHERE (SELECT recording FROM pool)
)
SELECT room, base, (extract(epoch FROM at) * 1000)::bigint AS at_ms FROM raised
