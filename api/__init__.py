"""The way in for people and programs: routes, live streams and the page. Never runs steps and never asks a model."""
