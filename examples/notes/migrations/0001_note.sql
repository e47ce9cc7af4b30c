-- Runs at every start. One statement, so that processes that start together take turns.
do $$ begin
  perform pg_advisory_xact_lock(hashtext('notes'));
  create table if not exists note (
    id uuid primary key default gen_random_uuid(),
    author_id text not null references latchkey."user" (id) on delete cascade,
    title text not null,
    body text not null,
    written_at timestamptz not null default now(),
    shared_at timestamptz
  );
  create index if not exists note_author_id_idx on note (author_id, written_at desc);
  create index if not exists note_shared_at_idx on note (shared_at desc) where shared_at is not null;
end $$;
