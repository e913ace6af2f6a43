import { DomainError } from '../../shared/errors.ts';

/** Runs a change; a unique key already taken (SQLSTATE 23505, however wrapped) becomes `already-exists`. */
export async function orAlreadyExists<T>(
  message: string,
  field: string,
  change: () => Promise<T>,
): Promise<T> {
  try {
    return await change();
  } catch (error) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      if ((cause as { code?: unknown }).code === '23505')
        throw new DomainError('already-exists', message, { field });
    }
    throw error;
  }
}
