const path = require("path");
const HtmlWebpackPlugin = require("html-webpack-plugin");

module.exports = {
  entry: "./src/index.ts",
  output: { path: path.resolve(__dirname, "dist"), clean: true },
  plugins: [new HtmlWebpackPlugin({ template: "index.html" })],
  module: {
    rules: [{ test: /\.ts$/i, loader: "ts-loader", exclude: ["/node_modules/"] }],
  },
  resolve: { extensions: [".ts", ".js"] },
};
