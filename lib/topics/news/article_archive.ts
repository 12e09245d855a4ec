/**
 * The archive: the newest articles of each source, however old, in the shared store. Lists have them when the log no longer
 * does.
 *
 * @module
 */
import type { Clock } from "../../core/clock.ts";
import { DAY_MS, MINUTE_MS } from "../../core/time.ts";
import { StoreUnavailable } from "../../store/errors.ts";
import type { Store } from "../../store/store.ts";
import { type RankedArticle, toArticle } from "./article.ts";

/** The lifetime of what the store remembers of articles after the last change: more than a year, in milliseconds. */
export const ARCHIVE_TTL_MS = 400 * DAY_MS;

/** The longest time for which an isolate reads its own copy. The log has the changes of this time and of more. */
const MAX_COPY_AGE_MS = 10 * MINUTE_MS;

/** The most sources of publishers. Their articles have room beside those of the feeds. */
const MAX_PUBLISHER_SOURCES = 100;

/** The store key of the names of publishers' sources. */
const PUBLISHER_SOURCES_KEY = "news:publishers";

/** The archive of all sources. */
export interface ArticleArchive {
  /** Loads the articles of all sources, in no order. An article of several sources is repeated. */
  load(): Promise<readonly RankedArticle[]>;
  /** Reads the articles like {@linkcode load}, from a copy that is minutes old at most, or older in an outage. */
  read(): Promise<readonly RankedArticle[]>;
  /** Saves the articles of a source. */
  save(source: string, articles: readonly RankedArticle[]): Promise<void>;
}

/** The dependencies of an archive. */
export interface ArticleArchiveOptions {
  readonly clock: Pick<Clock, "elapsed">;
  readonly store: Pick<Store, "get" | "getMany" | "set">;
  /** The names of the configured sources. Those of publishers are added when they publish. */
  readonly sources: readonly string[];
}

function archiveKeyOf(source: string): string {
  return `news:archive:${source}`;
}

/** Parses the articles of a source. One of an unknown shape, which another version wrote, is left out. */
function parseArticles(json: string | null): RankedArticle[] {
  if (json === null) return [];
  const entries: readonly { article: unknown; rankAt: number | null }[] = JSON.parse(json);
  return entries.flatMap(({ article, rankAt }) => {
    try {
      return [{ article: toArticle(article), rankAt }];
    } catch {
      return [];
    }
  });
}

/** Creates an archive. It reads nothing before the first call. */
export function createArticleArchive(
  { clock, store, sources }: ArticleArchiveOptions,
): ArticleArchive {
  const feedSources: ReadonlySet<string> = new Set(sources);
  let copy = new Map<string, readonly RankedArticle[]>();
  let copiedAt = -Infinity;
  let loading: Promise<readonly RankedArticle[]> | null = null;
  let publisherSources: readonly string[] = [];

  async function loadPublisherSources(): Promise<void> {
    const json = await store.get(PUBLISHER_SOURCES_KEY);
    if (json !== null) publisherSources = JSON.parse(json);
  }

  async function loadAll(): Promise<readonly RankedArticle[]> {
    const loadedAt = clock.elapsed();
    await loadPublisherSources();
    const names = [...feedSources.union(new Set(publisherSources))];
    const values = await store.getMany(names.map(archiveKeyOf));
    copy = new Map(names.map((name, index) => [name, parseArticles(values[index] ?? null)]));
    copiedAt = loadedAt;
    return [...copy.values()].flat();
  }

  /** Loads the articles, once for all callers that wait. */
  function load(): Promise<readonly RankedArticle[]> {
    loading ??= loadAll().finally(() => loading = null);
    return loading;
  }

  async function addPublisherSource(source: string): Promise<void> {
    await loadPublisherSources(); // another isolate may have added one
    if (publisherSources.includes(source)) return;
    publisherSources = [...publisherSources, source].slice(-MAX_PUBLISHER_SOURCES);
    await store.set(PUBLISHER_SOURCES_KEY, JSON.stringify(publisherSources));
  }

  return {
    load,
    async read() {
      if (clock.elapsed() - copiedAt > MAX_COPY_AGE_MS) {
        try {
          return await load();
        } catch (thrown) {
          if (!(thrown instanceof StoreUnavailable)) throw thrown;
        }
      }
      return [...copy.values()].flat();
    },
    async save(source, articles) {
      if (!feedSources.has(source) && !publisherSources.includes(source)) {
        await addPublisherSource(source);
      }
      await store.set(archiveKeyOf(source), JSON.stringify(articles), ARCHIVE_TTL_MS);
      copy.set(source, articles);
    },
  };
}
