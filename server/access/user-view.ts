import type { Role } from '../../shared/actor.ts';
import type { users } from '../db/schema/index.ts';

/** An account as admins see it: never its password's hash. */
export interface UserView {
  id: number;
  username: string;
  role: Role;
  email: string | null;
  active: boolean;
  createdAt: string;
}

export function toUserView(row: typeof users.$inferSelect): UserView {
  return {
    id: row.id,
    username: row.username,
    role: row.role,
    email: row.email,
    active: row.active,
    createdAt: row.createdAt.toISOString(),
  };
}
