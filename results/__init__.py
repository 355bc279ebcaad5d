"""How many took part and what was learned: indicators, charts, exports."""
