// preact-iso's parts by themselves: its index brings a renderer for servers along. They have no types of their own.
declare module "preact-iso/router" {
    export { LocationProvider, Route, Router, useLocation, useRoute } from "preact-iso";
}
declare module "preact-iso/lazy" {
    export { lazy as default } from "preact-iso";
}
