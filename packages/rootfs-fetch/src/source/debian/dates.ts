// Debian's releases, the oldest first: when each came, and when its support and its long-term support end.
// Made by scripts/release-dates.mjs from Debian's package distro-info-data; do not edit.
export const releases: readonly (readonly [version: string, codename: string, released: string, eol: string, ltsEol: string])[] = [
  ['2.2', 'potato', '2000-08-15', '2003-06-30', '2003-06-30'],
  ['3.0', 'woody', '2002-07-19', '2006-06-30', '2006-06-30'],
  ['3.1', 'sarge', '2005-06-06', '2008-03-31', '2008-03-31'],
  ['4.0', 'etch', '2007-04-08', '2010-02-15', '2010-02-15'],
  ['5.0', 'lenny', '2009-02-14', '2012-02-06', '2012-02-06'],
  ['6.0', 'squeeze', '2011-02-06', '2014-05-31', '2016-02-29'],
  ['7', 'wheezy', '2013-05-04', '2016-04-25', '2018-05-31'],
  ['8', 'jessie', '2015-04-26', '2018-06-17', '2020-06-30'],
  ['9', 'stretch', '2017-06-17', '2020-07-18', '2022-06-30'],
  ['10', 'buster', '2019-07-06', '2022-09-10', '2024-06-30'],
  ['11', 'bullseye', '2021-08-14', '2024-08-14', '2026-08-31'],
  ['12', 'bookworm', '2023-06-10', '2026-07-11', '2028-06-30'],
  ['13', 'trixie', '2025-08-09', '2028-08-09', '2030-06-30'],
  ['14', 'forky', '', '', ''],
  ['15', 'duke', '', '', ''],
  ['', 'sid', '', '', ''],
]
