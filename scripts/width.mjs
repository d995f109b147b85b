// Stands in for string-width in the bundled tools: their help is ASCII, and the real one costs 25 ms at start.
export default text => text.length
