/**
 * The selection of the instruments that a deployment quotes. Every table has their order.
 *
 * @module
 */
import { type Config, ConfigError, settingProblem } from "../../core/config.ts";
import { CATALOGUE } from "./catalogue.ts";
import type { Instrument, Instruments } from "./instrument.ts";
import { isHoursName } from "./market_hours.ts";
import { type Quote, QuoteClass } from "./quote.ts";

/** The symbols without a setting. */
const DEFAULT_SYMBOLS = [
  ...["BTC-USD", "ETH-USD", "XAU-USD", "XAG-USD", "BRENT", "WTI", "SPX", "DJI", "IXIC"],
];

/** The properties that follow from the class, unless a setting names others. */
const CLASS_DEFAULTS: Readonly<
  Record<Quote["class"], Pick<Instrument, "unit" | "decimals" | "hours">>
> = {
  crypto: { unit: "coin", decimals: 2, hours: "always" },
  metals: { unit: "troy_oz", decimals: 2, hours: "cme" },
  oil: { unit: "bbl", decimals: 2, hours: "cme" },
  energy: { unit: "unit", decimals: 3, hours: "cme" },
  indices: { unit: "points", decimals: 2, hours: "nyse" },
  equities: { unit: "share", decimals: 2, hours: "nyse" },
  fx: { unit: "unit", decimals: 4, hours: "fx" },
  rates: { unit: "percent", decimals: 3, hours: "nyse" },
  other: { unit: "unit", decimals: 2, hours: "always" },
};

/** The settings that select and define instruments. */
export type InstrumentSettings = Pick<Config, "SYMBOLS" | "INSTRUMENTS">;

/** Defines an instrument of the settings, on top of the catalogue's if it is known. Returns null if it is incomplete. */
function defineInstrument(
  symbol: string,
  setting: NonNullable<Config["INSTRUMENTS"]>[string],
  known: Instrument | undefined,
): Instrument | null {
  const quoteClass = QuoteClass.safeParse(setting.class ?? known?.class).data;
  if (quoteClass === undefined) return null;
  const defaults = CLASS_DEFAULTS[quoteClass];
  const name = setting.name ?? known?.name;
  const currency = setting.currency ?? known?.currency;
  const hours = setting.hours ?? known?.hours ?? defaults.hours;
  if (name === undefined || currency === undefined || !isHoursName(hours)) return null;
  return {
    symbol,
    name,
    class: quoteClass,
    currency,
    unit: setting.unit ?? known?.unit ?? defaults.unit,
    decimals: setting.decimals ?? known?.decimals ?? defaults.decimals,
    hours,
    tickers: setting.sources,
  };
}

/**
 * Returns the instruments of the settings: those of `SYMBOLS`, each defined by `INSTRUMENTS` or the catalogue.
 *
 * @throws {ConfigError} If an instrument of `INSTRUMENTS` is incomplete, or a symbol of `SYMBOLS` is not defined.
 */
export function instrumentsFor({ SYMBOLS, INSTRUMENTS = {} }: InstrumentSettings): Instruments {
  const defined = new Map(CATALOGUE.map((instrument) => [instrument.symbol, instrument]));
  const problems: string[] = [];
  for (const [symbol, setting] of Object.entries(INSTRUMENTS)) {
    const instrument = defineInstrument(symbol, setting, defined.get(symbol));
    if (instrument === null) problems.push(settingProblem("INSTRUMENTS", symbol));
    else defined.set(symbol, instrument);
  }
  const selected = new Map<string, Instrument>();
  for (const symbol of SYMBOLS ?? DEFAULT_SYMBOLS) {
    const instrument = defined.get(symbol);
    if (instrument === undefined) problems.push(settingProblem("SYMBOLS", symbol));
    else selected.set(symbol, instrument);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return selected;
}
