/**
 * THE CATALOGUE of well-known instruments, one per line. `SYMBOLS` selects from it, and `INSTRUMENTS` adds to it.
 *
 * A ticker is the name that a provider has for an instrument. The order of providers is that of their registry.
 *
 * @module
 */
import type { Instrument } from "./instrument.ts";
import type { Tickers } from "./providers/provider.ts";

/** A line of the catalogue, without what its class defines. */
type Line<Class extends keyof Instrument> = Omit<Instrument, Class>;

/** Creates a coin that is priced in dollars. */
function coin(base: string, name: string, decimals: number, tickers: Tickers): Instrument {
  return {
    symbol: `${base}-USD`,
    name,
    class: "crypto",
    currency: "USD",
    unit: "coin",
    decimals,
    hours: "always",
    tickers,
  };
}

/** Creates a spot metal that is priced in dollars. */
function metal(code: string, name: string, decimals: number): Instrument {
  return {
    symbol: `${code}-USD`,
    name,
    class: "metals",
    currency: "USD",
    unit: "troy_oz",
    decimals,
    hours: "cme",
    tickers: {
      "gold-api": code,
      swissquote: `${code}/USD`,
      "twelve-data": `${code}/USD`,
    },
  };
}

/** Creates the future of the front month, at CME, NYMEX or COMEX. */
function future(line: Line<"hours" | "currency" | "decimals"> & { decimals?: number }): Instrument {
  return { currency: "USD", decimals: 2, ...line, hours: "cme" };
}

/** Creates a stock index. */
function index(
  symbol: string,
  name: string,
  [currency, hours]: readonly [string, Instrument["hours"]],
  tickers: Tickers,
): Instrument {
  return { symbol, name, class: "indices", currency, unit: "points", decimals: 2, hours, tickers };
}

/** The currencies that are not traded freely abroad. Swissquote does not have them. */
const RESTRICTED_CURRENCIES: ReadonlySet<string> = new Set(["CNY", "INR", "KRW", "BRL"]);

/** Creates a pair of currencies: the price of the first one in the second one. */
function pair(base: string, quote: string, name: string, decimals: number): Instrument {
  const slashed = `${base}/${quote}`;
  return {
    symbol: `${base}-${quote}`,
    name,
    class: "fx",
    currency: quote,
    unit: base,
    decimals,
    hours: "fx",
    tickers: {
      ...(RESTRICTED_CURRENCIES.has(quote) ? {} : { swissquote: slashed }),
      "twelve-data": slashed,
      yahoo: `${base}${quote}=X`,
      frankfurter: slashed,
    },
  };
}

/** Creates a share or fund of a US exchange. Only Yahoo writes a class of shares with a hyphen. */
function share(ticker: string, name: string): Instrument {
  return {
    symbol: ticker,
    name,
    class: "equities",
    currency: "USD",
    unit: "share",
    decimals: 2,
    hours: "nyse",
    tickers: {
      finnhub: ticker,
      alpaca: ticker,
      "twelve-data": ticker,
      yahoo: ticker.replace(".", "-"),
    },
  };
}

/** Creates the yield of a US government bond, in percent. */
function bondYield(symbol: string, name: string, tickers: Tickers): Instrument {
  return {
    symbol,
    name,
    class: "rates",
    currency: "USD",
    unit: "percent",
    decimals: 3,
    hours: "nyse",
    tickers,
  };
}

const US = ["USD", "nyse"] as const;

/** All well-known instruments. */
export const CATALOGUE: readonly Instrument[] = [
  coin("BTC", "Bitcoin", 2, { coinbase: "BTC-USD", kraken: "XBTUSD", coingecko: "bitcoin" }),
  coin("ETH", "Ethereum", 2, { coinbase: "ETH-USD", kraken: "ETHUSD", coingecko: "ethereum" }),
  coin("SOL", "Solana", 2, { coinbase: "SOL-USD", kraken: "SOLUSD", coingecko: "solana" }),
  coin("XRP", "XRP", 4, { coinbase: "XRP-USD", kraken: "XRPUSD", coingecko: "ripple" }),
  coin("BNB", "BNB", 2, { kraken: "BNBUSD", coingecko: "binancecoin" }),
  coin("DOGE", "Dogecoin", 5, { coinbase: "DOGE-USD", kraken: "XDGUSD", coingecko: "dogecoin" }),
  coin("ADA", "Cardano", 4, { coinbase: "ADA-USD", kraken: "ADAUSD", coingecko: "cardano" }),
  coin("TRX", "TRON", 5, { kraken: "TRXUSD", coingecko: "tron" }),
  coin("AVAX", "Avalanche", 2, {
    coinbase: "AVAX-USD",
    kraken: "AVAXUSD",
    coingecko: "avalanche-2",
  }),
  coin("DOT", "Polkadot", 3, { coinbase: "DOT-USD", kraken: "DOTUSD", coingecko: "polkadot" }),
  coin("LINK", "Chainlink", 3, { coinbase: "LINK-USD", kraken: "LINKUSD", coingecko: "chainlink" }),
  coin("LTC", "Litecoin", 2, { coinbase: "LTC-USD", kraken: "LTCUSD", coingecko: "litecoin" }),
  coin("BCH", "Bitcoin Cash", 2, {
    coinbase: "BCH-USD",
    kraken: "BCHUSD",
    coingecko: "bitcoin-cash",
  }),
  coin("XLM", "Stellar", 5, { coinbase: "XLM-USD", kraken: "XLMUSD", coingecko: "stellar" }),
  coin("UNI", "Uniswap", 3, { coinbase: "UNI-USD", kraken: "UNIUSD", coingecko: "uniswap" }),
  coin("ATOM", "Cosmos", 3, { coinbase: "ATOM-USD", kraken: "ATOMUSD", coingecko: "cosmos" }),
  coin("ETC", "Ethereum Classic", 2, {
    coinbase: "ETC-USD",
    kraken: "ETCUSD",
    coingecko: "ethereum-classic",
  }),
  coin("FIL", "Filecoin", 3, { coinbase: "FIL-USD", kraken: "FILUSD", coingecko: "filecoin" }),
  coin("AAVE", "Aave", 2, { coinbase: "AAVE-USD", kraken: "AAVEUSD", coingecko: "aave" }),
  coin("ALGO", "Algorand", 4, { coinbase: "ALGO-USD", kraken: "ALGOUSD", coingecko: "algorand" }),
  coin("NEAR", "NEAR Protocol", 3, { coinbase: "NEAR-USD", kraken: "NEARUSD", coingecko: "near" }),
  coin("APT", "Aptos", 3, { coinbase: "APT-USD", kraken: "APTUSD", coingecko: "aptos" }),
  coin("ARB", "Arbitrum", 4, { coinbase: "ARB-USD", kraken: "ARBUSD", coingecko: "arbitrum" }),
  coin("OP", "Optimism", 4, { coinbase: "OP-USD", kraken: "OPUSD", coingecko: "optimism" }),
  coin("SUI", "Sui", 4, { coinbase: "SUI-USD", kraken: "SUIUSD", coingecko: "sui" }),
  coin("SHIB", "Shiba Inu", 8, { coinbase: "SHIB-USD", kraken: "SHIBUSD", coingecko: "shiba-inu" }),
  coin("PEPE", "Pepe", 8, { coinbase: "PEPE-USD", kraken: "PEPEUSD", coingecko: "pepe" }),
  coin("HBAR", "Hedera", 5, {
    coinbase: "HBAR-USD",
    kraken: "HBARUSD",
    coingecko: "hedera-hashgraph",
  }),
  coin("ICP", "Internet Computer", 3, {
    coinbase: "ICP-USD",
    kraken: "ICPUSD",
    coingecko: "internet-computer",
  }),
  coin("INJ", "Injective", 3, {
    coinbase: "INJ-USD",
    kraken: "INJUSD",
    coingecko: "injective-protocol",
  }),

  metal("XAU", "Gold", 2),
  metal("XAG", "Silver", 3),
  metal("XPT", "Platinum", 2),
  metal("XPD", "Palladium", 2),
  future({
    symbol: "COPPER",
    name: "Copper",
    class: "metals",
    unit: "lb",
    decimals: 4,
    tickers: { yahoo: "HG=F" },
  }),

  future({
    symbol: "BRENT",
    name: "Brent crude",
    class: "oil",
    unit: "bbl",
    tickers: { yahoo: "BZ=F", fred: "DCOILBRENTEU" },
  }),
  future({
    symbol: "WTI",
    name: "WTI crude",
    class: "oil",
    unit: "bbl",
    tickers: { yahoo: "CL=F", fred: "DCOILWTICO" },
  }),
  future({
    symbol: "NATGAS",
    name: "Natural gas",
    class: "energy",
    unit: "mmbtu",
    decimals: 3,
    tickers: { yahoo: "NG=F", fred: "DHHNGSP" },
  }),
  future({
    symbol: "HEATING-OIL",
    name: "Heating oil",
    class: "energy",
    unit: "gal",
    decimals: 4,
    tickers: { yahoo: "HO=F" },
  }),
  future({
    symbol: "GASOLINE",
    name: "RBOB gasoline",
    class: "energy",
    unit: "gal",
    decimals: 4,
    tickers: { yahoo: "RB=F" },
  }),

  index("SPX", "S&P 500", US, { yahoo: "^GSPC", fred: "SP500" }),
  index("DJI", "Dow Jones", US, { yahoo: "^DJI", fred: "DJIA" }),
  index("IXIC", "Nasdaq Composite", US, { yahoo: "^IXIC", fred: "NASDAQCOM" }),
  index("NDX", "Nasdaq 100", US, { yahoo: "^NDX", fred: "NASDAQ100" }),
  index("RUT", "Russell 2000", US, { yahoo: "^RUT" }),
  index("VIX", "CBOE Volatility", US, { yahoo: "^VIX", fred: "VIXCLS" }),
  index("TSX", "S&P/TSX Composite", ["CAD", "tsx"], { yahoo: "^GSPTSE" }),
  index("BVSP", "Bovespa", ["BRL", "b3"], { yahoo: "^BVSP" }),
  index("FTSE", "FTSE 100", ["GBP", "lse"], { yahoo: "^FTSE" }),
  index("DAX", "DAX", ["EUR", "xetra"], { yahoo: "^GDAXI" }),
  index("CAC", "CAC 40", ["EUR", "euronext"], { yahoo: "^FCHI" }),
  index("STOXX50", "Euro Stoxx 50", ["EUR", "euronext"], { yahoo: "^STOXX50E" }),
  index("AEX", "AEX", ["EUR", "euronext"], { yahoo: "^AEX" }),
  index("IBEX", "IBEX 35", ["EUR", "euronext"], { yahoo: "^IBEX" }),
  index("FTSEMIB", "FTSE MIB", ["EUR", "euronext"], { yahoo: "FTSEMIB.MI" }),
  index("SMI", "Swiss Market Index", ["CHF", "six"], { yahoo: "^SSMI" }),
  index("N225", "Nikkei 225", ["JPY", "tse"], { yahoo: "^N225", fred: "NIKKEI225" }),
  index("HSI", "Hang Seng", ["HKD", "hkex"], { yahoo: "^HSI" }),
  index("SSEC", "Shanghai Composite", ["CNY", "sse"], { yahoo: "000001.SS" }),
  index("KOSPI", "KOSPI", ["KRW", "krx"], { yahoo: "^KS11" }),
  index("TWII", "Taiwan Weighted", ["TWD", "twse"], { yahoo: "^TWII" }),
  index("STI", "Straits Times", ["SGD", "sgx"], { yahoo: "^STI" }),
  index("NIFTY", "Nifty 50", ["INR", "nse"], { yahoo: "^NSEI" }),
  index("SENSEX", "BSE Sensex", ["INR", "nse"], { yahoo: "^BSESN" }),
  index("ASX200", "S&P/ASX 200", ["AUD", "asx"], { yahoo: "^AXJO" }),

  pair("EUR", "USD", "Euro / US dollar", 4),
  pair("GBP", "USD", "Pound / US dollar", 4),
  pair("USD", "JPY", "US dollar / Yen", 2),
  pair("USD", "CHF", "US dollar / Swiss franc", 4),
  pair("AUD", "USD", "Australian dollar / US dollar", 4),
  pair("NZD", "USD", "New Zealand dollar / US dollar", 4),
  pair("USD", "CAD", "US dollar / Canadian dollar", 4),
  pair("EUR", "GBP", "Euro / Pound", 4),
  pair("EUR", "JPY", "Euro / Yen", 2),
  pair("EUR", "CHF", "Euro / Swiss franc", 4),
  pair("GBP", "JPY", "Pound / Yen", 2),
  pair("USD", "CNY", "US dollar / Yuan", 4),
  pair("USD", "HKD", "US dollar / Hong Kong dollar", 4),
  pair("USD", "SGD", "US dollar / Singapore dollar", 4),
  pair("USD", "INR", "US dollar / Rupee", 2),
  pair("USD", "KRW", "US dollar / Won", 2),
  pair("USD", "MXN", "US dollar / Mexican peso", 4),
  pair("USD", "BRL", "US dollar / Real", 4),
  pair("USD", "SEK", "US dollar / Swedish krona", 4),
  pair("USD", "NOK", "US dollar / Norwegian krone", 4),
  pair("USD", "PLN", "US dollar / Zloty", 4),
  pair("USD", "TRY", "US dollar / Turkish lira", 4),
  pair("USD", "ZAR", "US dollar / Rand", 4),

  share("AAPL", "Apple"),
  share("MSFT", "Microsoft"),
  share("NVDA", "Nvidia"),
  share("GOOGL", "Alphabet"),
  share("AMZN", "Amazon"),
  share("META", "Meta Platforms"),
  share("TSLA", "Tesla"),
  share("AVGO", "Broadcom"),
  share("BRK.B", "Berkshire Hathaway"),
  share("LLY", "Eli Lilly"),
  share("JPM", "JPMorgan Chase"),
  share("V", "Visa"),
  share("MA", "Mastercard"),
  share("UNH", "UnitedHealth"),
  share("XOM", "Exxon Mobil"),
  share("WMT", "Walmart"),
  share("COST", "Costco"),
  share("HD", "Home Depot"),
  share("PG", "Procter & Gamble"),
  share("JNJ", "Johnson & Johnson"),
  share("NFLX", "Netflix"),
  share("ABBV", "AbbVie"),
  share("BAC", "Bank of America"),
  share("CRM", "Salesforce"),
  share("ORCL", "Oracle"),
  share("KO", "Coca-Cola"),
  share("PEP", "PepsiCo"),
  share("CVX", "Chevron"),
  share("MRK", "Merck"),
  share("AMD", "Advanced Micro Devices"),
  share("ADBE", "Adobe"),
  share("TMO", "Thermo Fisher Scientific"),
  share("LIN", "Linde"),
  share("ACN", "Accenture"),
  share("MCD", "McDonald's"),
  share("CSCO", "Cisco"),
  share("ABT", "Abbott Laboratories"),
  share("WFC", "Wells Fargo"),
  share("GE", "GE Aerospace"),
  share("DIS", "Walt Disney"),
  share("IBM", "IBM"),
  share("INTC", "Intel"),
  share("QCOM", "Qualcomm"),
  share("TXN", "Texas Instruments"),
  share("CAT", "Caterpillar"),
  share("GS", "Goldman Sachs"),
  share("PLTR", "Palantir"),
  share("UBER", "Uber"),
  share("PFE", "Pfizer"),
  share("NKE", "Nike"),
  share("BA", "Boeing"),
  share("COIN", "Coinbase Global"),
  share("SPY", "SPDR S&P 500 ETF"),
  share("QQQ", "Invesco QQQ"),

  bondYield("US3M", "US 3-month yield", { yahoo: "^IRX", fred: "DTB3" }),
  bondYield("US5Y", "US 5-year yield", { yahoo: "^FVX", fred: "DGS5" }),
  bondYield("US10Y", "US 10-year yield", { yahoo: "^TNX", fred: "DGS10" }),
  bondYield("US30Y", "US 30-year yield", { yahoo: "^TYX", fred: "DGS30" }),
];
