import { readFile } from 'node:fs/promises';
import type { Auth } from './auth.ts';

export interface Note {
  id: string;
  title: string;
  body: string;
  writtenAt: Date;
  isShared: boolean;
}

export interface SharedNote {
  id: string;
  title: string;
  body: string;
  author: string;
}

type Text = Pick<Note, 'title' | 'body'>;

const COLUMNS = 'id, title, body, written_at as "writtenAt", shared_at is not null as "isShared"';

const UNTITLED = 'Untitled';

/** Creates this app's table in the database that Latchkey uses. */
export async function migrate({ query }: Auth): Promise<void> {
  await query(await readFile(new URL('migrations/0001_note.sql', import.meta.url), 'utf8'));
}

/** The notes of everyone. Each query names the author, so a note that is not theirs is not found. */
export function openNotes({ query }: Auth) {
  return {
    list: (authorId: string) =>
      query<Note>(`select ${COLUMNS} from note where author_id = $1 order by written_at desc, id`, [
        authorId,
      ]),

    async find(id: string, authorId: string): Promise<Note | null> {
      const sql = `select ${COLUMNS} from note where id::text = $1 and author_id = $2`;
      const [note = null] = await query<Note>(sql, [id, authorId]);
      return note;
    },

    /** False: the author already has `limit` notes. */
    async add(authorId: string, { title, body }: Text, limit: number): Promise<boolean> {
      const added = await query(
        `insert into note (author_id, title, body)
          select $1, $2, $3 where (select count(*) from note where author_id = $1) < $4::int
          returning id`,
        [authorId, title || UNTITLED, body, limit],
      );
      return added.length === 1;
    },

    async change(id: string, authorId: string, to: Text & { isShared: boolean }): Promise<boolean> {
      const changed = await query(
        `update note set title = $3, body = $4, written_at = now(),
          shared_at = case when $5::boolean then coalesce(shared_at, now()) end
          where id::text = $1 and author_id = $2 returning id`,
        [id, authorId, to.title || UNTITLED, to.body, to.isShared],
      );
      return changed.length === 1;
    },

    async delete(id: string, authorId: string): Promise<boolean> {
      const sql = 'delete from note where id::text = $1 and author_id = $2 returning id';
      return (await query(sql, [id, authorId])).length === 1;
    },

    /** Deletes all notes of an author, or all that are not shared. Returns how many. */
    async deleteAll(authorId: string, { keepShared }: { keepShared: boolean }): Promise<number> {
      const sql = `delete from note
        where author_id = $1 and (shared_at is null or not $2::boolean) returning id`;
      return (await query(sql, [authorId, keepShared])).length;
    },

    /** The 50 notes that were shared last, the latest at the end. */
    async listShared(): Promise<SharedNote[]> {
      const latestFirst = await query<SharedNote>(
        `select note.id, title, body, author.name as author
          from note join latchkey."user" as author on author.id = note.author_id
          where shared_at is not null order by shared_at desc limit 50`,
      );
      return latestFirst.reverse();
    },

    async takeDown(id: string): Promise<void> {
      await query('update note set shared_at = null where id::text = $1', [id]);
    },
  };
}
