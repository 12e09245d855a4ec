/**
 * The names by which news calls instruments, beside their symbols and the names that they have here.
 *
 * @module
 */

/** The names of an instrument, and the conditions under which they mean it. */
export interface SymbolNames {
  /** Its names. Without them its name of the catalogue counts. */
  readonly names?: readonly string[];
  /** True if a name may begin with a small letter, such as "gold". */
  readonly anyCase?: boolean;
  /** Matches the text before a name that means something else: the "Big" Apple. */
  readonly notAfter?: RegExp;
  /** Matches the text after a name that means something else: Apple "pie". */
  readonly notBefore?: RegExp;
  /** Matches a text in which an ambiguous name means the instrument. */
  readonly context?: RegExp;
}

const CRYPTO =
  /\b(?:crypto\w*|tokens?|\w*coins?|blockchains?|defi|nfts?|wallets?|on-chain|layer[- ]?[12]|staking|validators?|etfs?|binance|coinbase|kraken)\b/i;

const OIL = /\b(?:oil|crude|barrels?|bpd|opec\+?|wti|futures|refiner\w*|energy)\b|[$%]/i;

const STOCKS =
  /\b(?:stocks?|shares|equit\w*|index(?:es)?|indices|points?|wall (?:st\b|street)|record|futures|rall\w+|sell-?off|trad(?:es?|ing|ers)|clos\w+|opens?|gain\w*|fall\w*|fell|rise\w*|rose|slip\w*|slid\w*|drop\w*|jump\w*|surg\w+|tumbl\w+|dip\w*|climb\w*|lower|higher|s&p|bulls?|bears?)\b|%/i;

const COMPANY =
  /\b(?:shares?|stock|earnings|profits?|revenue|results|quarter\w*|guidance|ceo|deal|antitrust|payments?|cards?|network|merchants?|swipe|inc\.?|corp\.?|fees? settlement|mastercard)\b/i;

const CURRENCY =
  /\b(?:dollars?|currenc(?:y|ies)|forex|fx|parity|ecb|fed|boe|bank of england|greenback|usd|exchange rates?|yen|franc|central bank)\b/i;

/** Names of crude oil, of either kind. */
const OIL_NAMES = [
  "oil prices",
  "oil price",
  "crude oil",
  "crude prices",
  "crude futures",
  "oil futures",
];

/** Oils that are no fuel. */
const NO_FUEL = /\b(?:cooking|olive|palm|vegetable|edible|sunflower|hair)\s+$/i;

const WINS =
  /\b(?:win|wins|won|winning|takes?|took|claims?|bags?|strikes?|struck|goes for|going for|olympic|black|fool['’]s)\s+$/i;

/** The names by symbol, where the catalogue's name does not do. */
export const SYMBOL_NAMES: Readonly<Record<string, SymbolNames>> = {
  "BTC-USD": { names: ["Bitcoin", "bitcoins"], anyCase: true },
  "ETH-USD": {
    names: ["Ethereum", "Ether"],
    anyCase: true,
    notAfter: /\b(?:into|in|through) the\s+$/i,
  },
  "SOL-USD": { names: ["Solana"] },
  "XRP-USD": { names: ["XRP"] },
  "BNB-USD": { names: ["BNB", "Binance Coin"] },
  "DOGE-USD": { names: ["Dogecoin"], anyCase: true },
  "ADA-USD": { names: ["Cardano"] },
  "TRX-USD": { names: ["TRON"], context: CRYPTO },
  "AVAX-USD": { names: ["Avalanche"], context: CRYPTO },
  "XLM-USD": { names: ["Stellar"], context: /\b(?:lumens?|xlm|crypto\w*|tokens?|blockchain)\b/i },
  "ATOM-USD": { names: ["Cosmos"], context: CRYPTO },
  "NEAR-USD": { names: ["NEAR Protocol"] },
  "OP-USD": {
    names: ["Optimism"],
    context: /\b(?:crypto\w*|tokens?|ethereum|layer[- ]?2|rollups?)\b/i,
  },
  "SUI-USD": { names: ["Sui"], context: CRYPTO },
  "SHIB-USD": { names: ["Shiba Inu"], context: CRYPTO },
  "PEPE-USD": { names: ["Pepe"], context: CRYPTO },
  "INJ-USD": { names: ["Injective"], context: CRYPTO },
  "LTC-USD": { names: ["Litecoin"], anyCase: true },
  "ICP-USD": { names: ["Internet Computer"], context: CRYPTO },

  "XAU-USD": {
    names: ["Gold", "Bullion"],
    anyCase: true,
    notAfter: WINS,
    notBefore:
      /^(?:[-–]|\s+(?:medal\w*|rush|coast|cups?|cards?|records?|standard|diggers?|leaf|glove|star|award|status|tier|members?|fields?|jewel\w*|ring|watch(?:es)?|chain|plated|at the olympics)\b)/i,
  },
  "XAG-USD": {
    names: ["Silver"],
    anyCase: true,
    notAfter: /\b(?:win|wins|won|takes?|took|claims?|nate|adam|ron|john|olympic)\s+$/i,
    notBefore:
      /^(?:[-–]|\s+(?:lining\w*|screen|medal\w*|spoon|surfer|lake|birch|fern|fox|bullet|alert|jubilee|platter|economy|hair\w*|spring\w*|tsunami|age)\b)/i,
  },
  "XPT-USD": {
    names: ["Platinum"],
    anyCase: true,
    notAfter: /\b(?:goes|went|certified|multi-?)\s*$/i,
    notBefore: /^(?:[-–]|\s+(?:jubilee|records?|albums?|cards?|blonde|medal|tier|members?)\b)/i,
  },
  "XPD-USD": {
    names: ["Palladium"],
    anyCase: true,
    notAfter: /\b(?:london|the)\s+$/i,
    notBefore: /^\s+(?:theatre|theater|ballroom|stage)\b/i,
  },
  COPPER: {
    names: ["Copper"],
    anyCase: true,
    notBefore: /^(?:[-–]|\s+(?:wire|wiring|pipes?|thie\w+|theft|age|canyon|roof|pans?|pots?)\b)/i,
  },
  BRENT: {
    names: ["Brent", "Brent crude", ...OIL_NAMES],
    anyCase: true,
    notAfter: NO_FUEL,
    context: OIL,
  },
  WTI: {
    names: ["WTI", "West Texas Intermediate", "US crude", "U.S. crude", ...OIL_NAMES],
    anyCase: true,
    notAfter: NO_FUEL,
  },
  NATGAS: {
    names: ["natural gas", "natgas", "Henry Hub"],
    anyCase: true,
    notBefore: /^\s+(?:vehicles?|stoves?|leak|explosion)\b/i,
  },
  "HEATING-OIL": { anyCase: true },
  GASOLINE: {
    names: ["gasoline", "RBOB"],
    anyCase: true,
    notBefore: /^\s+(?:cars?|vehicles?|engines?|station)\b/i,
  },

  SPX: { names: ["S&P 500", "S&P500"] },
  DJI: {
    names: ["Dow Jones Industrial Average", "Dow Jones", "Dow industrials", "Dow"],
    notBefore: /^\s+(?:newswires?|news|inc\b|chemical|& co|reporters?|publisher|company)/i,
    context: STOCKS,
  },
  IXIC: {
    names: ["Nasdaq Composite", "Nasdaq"],
    notBefore:
      /^(?:\s*[:)]|[-–]listed|[-–]?\s?100\b|\s+(?:inc\b|listing|debut|listed|exchange|stock market|ceo|ipo))/i,
    context: STOCKS,
  },
  NDX: { names: ["Nasdaq 100", "Nasdaq-100"] },
  RUT: { names: ["Russell 2000"] },
  VIX: { names: ["VIX", "Volatility Index", "fear gauge"], anyCase: true },
  TSX: {
    names: ["S&P/TSX", "S&P/TSX Composite", "TSX"],
    notBefore: /^\s*(?::|venture)/i,
    context: STOCKS,
  },
  BVSP: { names: ["Bovespa", "Ibovespa"] },
  FTSE: { names: ["FTSE 100", "FTSE"], notBefore: /^\s+(?:250|350|mib|russell|all-share|aim)\b/i },
  SMI: { names: ["Swiss Market Index", "SMI"], context: STOCKS },
  CAC: { names: ["CAC 40", "CAC-40"] },
  STOXX50: { names: ["Euro Stoxx 50"] },
  IBEX: { names: ["IBEX 35", "IBEX"] },
  N225: {
    names: ["Nikkei 225", "Nikkei"],
    notBefore: /^\s+(?:asia|newspaper|business daily|reports?)\b/i,
  },
  KOSPI: { names: ["KOSPI", "Kospi"] },
  TWII: { names: ["Taiwan Weighted", "TAIEX", "Taiex"] },
  STI: { names: ["Straits Times Index", "STI"], context: STOCKS },
  NIFTY: { names: ["Nifty 50", "Nifty"], context: STOCKS },
  SENSEX: { names: ["BSE Sensex", "Sensex"] },
  ASX200: { names: ["S&P/ASX 200", "ASX 200"] },

  "EUR-USD": {
    names: ["Euro"],
    anyCase: true,
    notAfter: /\d\s+$/,
    notBefore:
      /^(?:[-–]?\s?zone|\s+(?:area|stoxx|ncap|20\d\d|\d{4}|champion\w*|notes?|millions?|cup|final\w*|qualif\w*))\b/i,
    context: /\b(?:dollars?|parity|forex|greenback|currenc(?:y|ies)|usd)\b/i,
  },
  "GBP-USD": {
    names: ["Sterling", "Pound", "Cable"],
    anyCase: true,
    notAfter: /\b(?:per|a|quarter|raheem|\d)\s+$/i,
    notBefore: /^\s+(?:of|for pound|cake|silver|sign|network|tv|bills?|companies|service)\b/i,
    context: CURRENCY,
  },
  "USD-JPY": {
    names: ["yen"],
    anyCase: true,
    notAfter: /\b(?:a|(?:million|billion|trillion|\d))\s+$/i,
  },
  "USD-CHF": { names: ["Swiss franc"], anyCase: true },
  "AUD-USD": { names: ["Australian dollar", "Aussie dollar"], anyCase: true },
  "NZD-USD": { names: ["New Zealand dollar", "kiwi dollar"], anyCase: true },
  "USD-CAD": { names: ["Canadian dollar", "loonie"], anyCase: true },
  "USD-CNY": {
    names: ["yuan", "renminbi"],
    anyCase: true,
    notAfter: /\b(?:million|billion|trillion|\d)\s+$/i,
  },
  "USD-INR": {
    names: ["rupee"],
    anyCase: true,
    notAfter: /\b(?:pakistan\w*|sri lanka\w*|nepal\w*)\s+$/i,
  },
  "USD-KRW": { names: ["Korean won"], anyCase: true },
  "USD-MXN": { names: ["Mexican peso"], anyCase: true },
  "USD-BRL": { names: ["Brazilian real", "Brazil's real"], anyCase: true },
  "USD-SEK": { names: ["Swedish krona", "Swedish crown"], anyCase: true },
  "USD-NOK": { names: ["Norwegian krone", "Norwegian crown"], anyCase: true },
  "USD-PLN": { names: ["zloty"], anyCase: true },
  "USD-TRY": {
    names: ["Turkish lira", "lira"],
    anyCase: true,
    notAfter: /\b(?:lebanese|syrian|italian)\s+$/i,
  },
  "USD-ZAR": { names: ["South African rand", "South Africa's rand"], anyCase: true },
  "USD-HKD": { names: ["Hong Kong dollar"], anyCase: true },
  "USD-SGD": { names: ["Singapore dollar"], anyCase: true },

  AAPL: {
    names: ["Apple"],
    notAfter: /\b(?:big|fiona|adam['’]s)\s+$/i,
    notBefore:
      /^(?:[-–]|\s+(?:pies?|juice|cider|orchards?|sauce|trees?|growers?|harvest|blossoms?|strudel|crumble|farm\w*|crop|valley|martin|picking)\b)/i,
  },
  GOOGL: { names: ["Google", "Alphabet"], notBefore: /^\s+(?:soup|song|book|blocks)\b/i },
  AMZN: {
    names: ["Amazon"],
    notBefore:
      /^(?:\s+(?:rainforests?|rain forest|rivers?|basin|jungle|deforestation|forests?|trib\w+|indigenous|delta|region|fires?|drought|warriors?|women|summit|dolphins?)\b)/i,
    notAfter: /\b(?:brazil(?:ian|['’]s)?|peruvian|colombian|ecuador\w*|deep in the)\s+$/i,
  },
  META: {
    names: ["Meta Platforms", "Meta", "Facebook"],
    notBefore: /^(?:[-–]|\s+(?:analys[ie]s|data|review|game|description)\b)/i,
  },
  TSLA: { names: ["Tesla"], notAfter: /\bnikola\s+$/i, notBefore: /^\s+(?:coil|museum)\b/i },
  "BRK.B": {
    names: ["Berkshire Hathaway", "Berkshire"],
    context: /\b(?:hathaway|buffett|abel)\b/i,
  },
  JPM: { names: ["JPMorgan Chase", "JPMorgan", "JP Morgan", "J.P. Morgan"] },
  V: {
    names: ["Visa"],
    notAfter:
      /\b(?:student|tourist|work|h-1b|golden|schengen|travel|entry|nomad|us|u\.s\.|uk|transit|exit|new)\s+$/i,
    notBefore:
      /^(?:[-–]|\s+(?:rules?|applica\w+|holders?|bans?|waivers?|polic\w+|program\w*|requirement\w*|free|schemes?|curbs|restrictions?|system|process\w*|backlogs?|overstay\w*|interviews?|officers?|on arrival)\b)/i,
    context: COMPANY,
  },
  XOM: { names: ["Exxon Mobil", "ExxonMobil", "Exxon"] },
  PG: { names: ["Procter & Gamble", "P&G"] },
  JNJ: { names: ["Johnson & Johnson", "J&J"] },
  BAC: { names: ["Bank of America", "BofA"] },
  ORCL: {
    names: ["Oracle"],
    notBefore: /^\s+(?:of|bones?|park|team)\b/i,
    notAfter: /\b(?:delphi(?:c|'s)?|the|an)\s+$/i,
  },
  KO: { names: ["Coca-Cola", "Coca Cola", "Coke"], notAfter: /\b(?:diet|cherry)\s+$/i },
  PEP: { names: ["PepsiCo", "Pepsi"] },
  CVX: {
    names: ["Chevron"],
    notBefore: /^\s+(?:deference|doctrine|ruling|precedent|case|pattern)\b/i,
  },
  MRK: { names: ["Merck"], notBefore: /^\s+(?:kgaa|group)\b/i },
  AMD: { names: ["Advanced Micro Devices", "AMD"] },
  TMO: { names: ["Thermo Fisher"] },
  ABT: { names: ["Abbott Laboratories", "Abbott Labs"] },
  GE: { names: ["GE Aerospace", "General Electric"] },
  DIS: { names: ["Walt Disney", "Disney"] },
  INTC: {
    names: ["Intel"],
    notAfter:
      /\b(?:us|uk|u\.s\.|military|israeli|russian|western|spy|secret|foreign|shared|top)\s+$/i,
    notBefore:
      /^\s+(?:chief|agenc\w+|officials?|sharing|reports?|committee|community|sources?|briefing|leak|officers?)\b/i,
  },
  CAT: { names: ["Caterpillar"], notAfter: /\bhungry\s+$/i },
  UBER: { names: ["Uber"], notBefore: /^[-–]/ },
  COIN: { names: ["Coinbase"] },
  SPY: { names: ["SPDR S&P 500 ETF"] },
  QQQ: { names: ["Invesco QQQ"] },

  US3M: { names: ["three-month Treasury", "3-month Treasury", "3-month T-bill"], anyCase: true },
  US5Y: {
    names: ["five-year Treasury", "5-year Treasury", "five-year yield", "5-year yield"],
    anyCase: true,
  },
  US10Y: {
    names: [
      ...[
        "10-year Treasury",
        "ten-year Treasury",
        "10-year yield",
        "ten-year yield",
        "10-year note",
      ],
      ...["Treasury yields", "Treasury yield", "US 10-year"],
    ],
    anyCase: true,
  },
  US30Y: {
    names: ["30-year Treasury", "30-year yield", "30-year bond", "long bond"],
    anyCase: true,
  },
};
